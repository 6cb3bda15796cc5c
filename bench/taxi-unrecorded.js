// examples/taxi/scenario.js without its recording: a call without media, as the CPU aim counts it.
// A driver or a passenger dials the service number: ask our backend who the other one is, call them
// showing the service number, and join the two. VoxEngine.customData() is set in the rule: our backend's URL.
VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call, callerid, destination }) => {
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.addEventListener(CallEvents.Failed, VoxEngine.terminate);

  const reply = await Net.httpRequestAsync(`${VoxEngine.customData()}/calls/route`, {
    method: 'POST',
    headers: ['Content-Type: application/json'],
    postData: JSON.stringify({ caller: callerid, dialled: destination }),
    timeout: 5,
  });
  if (reply.code !== 200) {
    Logger.write(`the backend answered ${reply.code}`);
    return call.reject(reply.code === 404 ? 404 : 503);
  }

  const { connect } = JSON.parse(reply.text);
  const other = VoxEngine.callPSTN(connect, destination);
  other.addEventListener(CallEvents.Ringing, () => call.ring());
  VoxEngine.easyProcess(call, other);
});
