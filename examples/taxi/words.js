// What the company's menu says, in its two languages.
const WORDS = {
  en: {
    voice: Language.UK_ENGLISH_FEMALE,
    country: 'GB',
    menu: 'Press 1 to talk to your driver, or 2 for an operator. To hear this again, press star.',
    offShift:
      'Your driver is not at work now. Press 1 to be called when the shift begins, or 2 for an operator.',
    wrong: 'There is no such choice.',
    none: 'You have not pressed any key.',
    promised: 'We will call you as soon as your driver is back. Goodbye.',
    notPromised: 'Sorry, that did not work.',
    noAnswer: 'Nobody answers.',
  },
  ru: {
    voice: Language.RU_RUSSIAN_FEMALE,
    country: 'RU',
    menu: 'Чтобы поговорить с водителем, нажмите 1. Для связи с оператором нажмите 2. Повторить: звёздочка.',
    offShift: 'Ваш водитель сейчас не на смене. Нажмите 1, и мы позвоним, когда смена начнётся. Оператор: 2.',
    wrong: 'Такого пункта нет.',
    none: 'Вы ничего не нажали.',
    promised: 'Мы позвоним вам, как только водитель выйдет на смену. До свидания.',
    notPromised: 'К сожалению, не получилось.',
    noAnswer: 'Абонент не отвечает.',
  },
};
