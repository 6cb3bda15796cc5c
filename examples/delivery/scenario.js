// Started by POST /v1/scenarios/confirm/start: call the customer from the service number, ask, and report key 1.
VoxEngine.addEventListener(AppEvents.Started, () => {
  const { parcel, phone, show, backend } = JSON.parse(VoxEngine.customData());
  const call = VoxEngine.callPSTN(phone, show);

  call.addEventListener(CallEvents.Connected, () => {
    call.handleTones(true);
    call.startPlayback(`${backend}/prompts/confirm.wav`);
  });
  call.addEventListener(CallEvents.ToneReceived, async ({ tone }) => {
    if (tone !== '1') return;
    await Net.httpRequestAsync(`${backend}/parcels/${parcel}/confirm`, { method: 'POST' });
    call.hangup();
  });
  call.addEventListener(CallEvents.PlaybackFinished, () => setTimeout(() => call.hangup(), 10_000));
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.addEventListener(CallEvents.Failed, VoxEngine.terminate);
});
