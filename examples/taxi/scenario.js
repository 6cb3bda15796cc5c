// Somebody dials the service number: ask our backend whose call it is. A driver is put through to the passenger, whose
// phone shows the service number; a passenger gets the menu of menu.js. VoxEngine.customData() is our backend's URL.
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

  const { role, connect, language, onShift, order } = JSON.parse(reply.text);
  if (role === 'passenger')
    return menu({ call, service: destination, driver: connect, language, onShift, order });
  const other = VoxEngine.callPSTN(connect, destination);
  VoxEngine.easyProcess(call, other, () => call.record({ stereo: true, transcribe: !!language, language }));
});
