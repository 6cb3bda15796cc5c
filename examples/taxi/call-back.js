// The driver's shift has begun, and a call was promised to the passenger: call the driver, say why, wait for key 1, then
// call the passenger. Both phones show the service number. Our backend starts this and hears what became of it.
VoxEngine.addEventListener(AppEvents.Started, () => {
  const { promise, driver, passenger, service, language, backend } = JSON.parse(VoxEngine.customData());
  const words = {
    en: {
      voice: Language.UK_ENGLISH_FEMALE,
      ask: 'Your passenger asked to be called. Press 1 to call now.',
      country: 'GB',
    },
    ru: {
      voice: Language.RU_RUSSIAN_FEMALE,
      ask: 'Пассажир просил позвонить. Нажмите 1, и мы соединим.',
      country: 'RU',
    },
  }[language];
  const report = (result) =>
    Net.httpRequestAsync(`${backend}/promises/${promise}`, {
      method: 'POST',
      postData: JSON.stringify({ result }),
    });
  const patience = setTimeout(() => first.hangup(), 60_000);
  let kept = false;
  let again;

  const first = VoxEngine.callPSTN(driver, service);
  first.addEventListener(CallEvents.Connected, () => {
    first.handleTones(true);
    first.say(words.ask, words.voice);
  });
  first.addEventListener(CallEvents.PlaybackFinished, () => {
    again = setTimeout(() => first.say(words.ask, words.voice), 3000);
  });
  first.addEventListener(CallEvents.ToneReceived, ({ tone }) => {
    if (tone !== '1') return;
    first.removeEventListener(CallEvents.ToneReceived);
    first.removeEventListener(CallEvents.PlaybackFinished);
    clearTimeout(again);
    clearTimeout(patience);
    first.playProgressTone(words.country);
    const second = VoxEngine.callPSTN(passenger, service);
    second.addEventListener(CallEvents.Connected, () => {
      kept = true;
      report('kept');
      first.stopPlayback();
      VoxEngine.sendMediaBetween(first, second);
      first.record({ stereo: true, transcribe: true, language });
    });
    second.addEventListener(CallEvents.Failed, () => first.hangup());
    second.addEventListener(CallEvents.Disconnected, () => first.hangup());
    first.addEventListener(CallEvents.Disconnected, () => second.hangup());
  });
  for (const end of [CallEvents.Disconnected, CallEvents.Failed])
    first.addEventListener(end, () =>
      kept ? VoxEngine.terminate() : report('waiting').then(VoxEngine.terminate),
    );
});
