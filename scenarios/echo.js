// Plays back to the caller what the caller says. Good for a first test of a trunk or a softphone: call, speak, listen.
VoxEngine.addEventListener(AppEvents.CallAlerting, (e) => {
  e.call.addEventListener(CallEvents.Connected, () => e.call.sendMediaTo(e.call));
  e.call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  e.call.addEventListener(CallEvents.Failed, VoxEngine.terminate);
  e.call.answer();
});
