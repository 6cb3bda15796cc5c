import { systemClock } from '../../../kernel/clock.ts';
import { EspeakSynthesis } from '../../../speech/espeak.ts';
import type { Role } from './stage.ts';

const SENTENCES: Readonly<Record<'en' | 'ru', Readonly<Record<Role, string>>>> = {
  en: {
    driver: 'Hello, this is your driver.',
    passenger: 'Thank you. I am coming.',
    operator: 'Taxi service. How can I help you?',
  },
  ru: {
    driver: 'Здравствуйте, это водитель.',
    passenger: 'Спасибо, я выхожу.',
    operator: 'Служба такси. Чем могу помочь?',
  },
};

export type Sayings = Readonly<Record<'en' | 'ru', Readonly<Record<Role, Int16Array>>>>;

/** What the three people say, as sound. */
export async function sayings(): Promise<Sayings> {
  const espeak = new EspeakSynthesis({ clock: systemClock, timeoutMs: 20_000 });
  const of = async (language: 'en' | 'ru'): Promise<Readonly<Record<Role, Int16Array>>> => {
    const say = (text: string): Promise<Int16Array> =>
      espeak.say(text, { language: language === 'en' ? 'en-US' : 'ru-RU', voice: '' });
    const { driver, passenger, operator } = SENTENCES[language];
    return { driver: await say(driver), passenger: await say(passenger), operator: await say(operator) };
  };
  return { en: await of('en'), ru: await of('ru') };
}
