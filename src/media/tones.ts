/**
 * Progress tones by country, from ITU-T E.180 supplement 2 ("Various tones used in national networks"). Made on first
 * use, one period of each, and kept.
 */
export type ToneName = 'ringback' | 'busy' | 'congestion';

/** Frequencies in Hz (two are added), then on and off times in milliseconds, alternating. */
interface Cadence {
  readonly frequencies: readonly number[];
  readonly times: readonly number[];
}
type CountryTones = Readonly<Record<ToneName, Cadence>>;

const SAMPLE_RATE = 8000;
/** Level of the whole tone; −13 dB below full scale is about −10 dBm0, as the recommendation has it. */
const AMPLITUDE = 32767 * 10 ** (-13 / 20);
/** Short ramps at the edges of a tone keep it from clicking. */
const RAMP_MS = 4;

const cadence = (frequencies: readonly number[], ...times: number[]): Cadence => ({ frequencies, times });
const at = (
  frequencies: readonly number[],
  ringback: readonly number[],
  busy: readonly number[],
  congestion: readonly number[],
): CountryTones => ({
  ringback: cadence(frequencies, ...ringback),
  busy: cadence(frequencies, ...busy),
  congestion: cadence(frequencies, ...congestion),
});

const RUSSIA = at([425], [800, 3200], [400, 400], [175, 175]);
/** What most networks that follow ETSI and E.180 have. */
const ETSI = at([425], [1000, 4000], [500, 500], [200, 200]);
const NORTH_AMERICA: CountryTones = {
  ringback: cadence([440, 480], 2000, 4000),
  busy: cadence([480, 620], 500, 500),
  congestion: cadence([480, 620], 250, 250),
};

const COUNTRIES: Readonly<Record<string, CountryTones>> = {
  RU: RUSSIA,
  KZ: RUSSIA,
  BY: RUSSIA,
  US: NORTH_AMERICA,
  CA: NORTH_AMERICA,
  GB: {
    ringback: cadence([400, 450], 400, 200, 400, 2000),
    busy: cadence([400], 375, 375),
    congestion: cadence([400], 400, 350, 225, 525),
  },
  DE: at([425], [1000, 4000], [480, 480], [240, 240]),
  AT: at([420], [1000, 5000], [400, 400], [200, 200]),
  BE: at([425], [1000, 3000], [500, 500], [167, 167]),
  CN: at([450], [1000, 4000], [350, 350], [700, 700]),
  CZ: at([425], [1000, 4000], [330, 330], [165, 165]),
  EE: at([425], [1000, 4000], [300, 300], [200, 200]),
  ES: at([425], [1500, 3000], [200, 200], [200, 200]),
  FI: at([425], [1000, 4000], [300, 300], [200, 200]),
  FR: at([440], [1500, 3500], [500, 500], [250, 250]),
  HU: at([425], [1250, 3750], [300, 300], [300, 300]),
  IL: at([414], [1000, 3000], [500, 500], [250, 250]),
  LT: at([425], [1000, 4000], [350, 350], [200, 200]),
  MX: at([425], [1000, 4000], [250, 250], [250, 250]),
  NL: at([425], [1000, 4000], [500, 500], [250, 250]),
};

const made = new Map<Cadence, Int16Array>();

/** One period (8 kHz) to be repeated; a country that is not in the table sounds like ETSI's. Do not write to it. */
export function progressTone(tone: ToneName, country: string): Int16Array {
  const wanted = (COUNTRIES[country.toUpperCase()] ?? ETSI)[tone];
  let samples = made.get(wanted);
  if (samples === undefined) {
    samples = generate(wanted);
    made.set(wanted, samples);
  }
  return samples;
}

/** A steady sine of `amplitude` (0 to 1 of full scale), for tests and prompts. */
export function sine(frequency: number, durationMs: number, amplitude = 0.3): Int16Array {
  const samples = new Int16Array((durationMs * SAMPLE_RATE) / 1000);
  for (let i = 0; i < samples.length; i++)
    samples[i] = Math.round(32767 * amplitude * Math.sin((2 * Math.PI * frequency * i) / SAMPLE_RATE));
  return samples;
}

function generate({ frequencies, times }: Cadence): Int16Array {
  const total = times.reduce((sum, ms) => sum + ms, 0);
  const samples = new Int16Array((total * SAMPLE_RATE) / 1000);
  let from = 0;
  times.forEach((ms, index) => {
    const length = (ms * SAMPLE_RATE) / 1000;
    if (index % 2 === 0) writeTone(samples.subarray(from, from + length), frequencies);
    from += length;
  });
  return samples;
}

function writeTone(out: Int16Array, frequencies: readonly number[]): void {
  const ramp = (RAMP_MS * SAMPLE_RATE) / 1000;
  for (let i = 0; i < out.length; i++) {
    let value = 0;
    for (const frequency of frequencies) value += Math.sin((2 * Math.PI * frequency * i) / SAMPLE_RATE);
    const edge = Math.min(1, i / ramp, (out.length - 1 - i) / ramp);
    out[i] = Math.round((AMPLITUDE / frequencies.length) * value * edge);
  }
}
