// A passenger's call: 1 the driver, 2 an operator, * once more. While the driver is off shift, 1 promises a call when the
// shift begins. Whoever presses nothing, or nothing that helps, is asked three times and then gets the operator.
function menu({ call, service, driver, language = 'en', onShift = true, order }) {
  const words = WORDS[language];
  let asked = 0;
  let timer;
  let listening = true;

  const operator = () => connect(VoxEngine.callUser({ username: 'operator', callerid: service }));
  function ask(before = '') {
    asked += 1;
    if (asked === 4) return operator();
    if (asked > 4) return call.hangup();
    listening = true;
    call.say(`${before} ${onShift ? words.menu : words.offShift}`, words.voice);
  }
  function repeat() {
    asked -= 1;
    ask();
  }
  /** Ringback, the other side, a recording of both; or the menu again where nobody answers. */
  function connect(other) {
    listening = false;
    call.playProgressTone(words.country);
    other.addEventListener(CallEvents.Failed, () => ask(words.noAnswer));
    other.addEventListener(CallEvents.Disconnected, () => call.hangup());
    other.addEventListener(CallEvents.Connected, () => {
      call.stopPlayback();
      VoxEngine.sendMediaBetween(call, other);
      call.record({ stereo: true, transcribe: true, language });
    });
  }
  async function promise() {
    listening = false;
    const url = `${VoxEngine.customData()}/promises`;
    const { code } = await Net.httpRequestAsync(url, {
      method: 'POST',
      postData: JSON.stringify({ order, service }),
    });
    if (code !== 201) return ask(words.notPromised);
    call.addEventListener(CallEvents.PlaybackFinished, () => call.hangup());
    call.say(words.promised, words.voice);
  }
  const choices = {
    1: () => (onShift ? connect(VoxEngine.callPSTN(driver, service)) : promise()),
    2: operator,
    '*': repeat,
  };

  call.addEventListener(CallEvents.Connected, () => ask());
  call.addEventListener(CallEvents.PlaybackFinished, () => {
    if (listening) timer = setTimeout(() => ask(words.none), 5000);
  });
  call.addEventListener(CallEvents.ToneReceived, ({ tone }) => {
    if (!listening) return;
    clearTimeout(timer);
    call.stopPlayback();
    (choices[tone] || (() => ask(words.wrong)))();
  });
  call.handleTones(true);
  call.answer();
}
