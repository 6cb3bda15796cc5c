// Connects like the taxi scenario, and forgets to record.
VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, destination }) => {
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  VoxEngine.easyProcess(call, VoxEngine.callPSTN('+447700900202', destination));
});
