// Forwards every call to one number and shows the dialled service number there, so that neither side sees the other's.
// The rule's custom data is the number to call, in E.164.
VoxEngine.addEventListener(AppEvents.CallAlerting, (e) => {
  const target = VoxEngine.customData().trim();
  if (target === '') {
    Logger.write('forward: set the customData of the rule to the number to call, e.g. +4930123456');
    e.call.reject(480);
    VoxEngine.terminate();
    return;
  }
  VoxEngine.easyProcess(e.call, VoxEngine.callPSTN(target, e.destination));
});
