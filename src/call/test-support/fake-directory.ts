import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { CallDirectory, Route, ScenarioSource } from '../types.ts';

export const SERVICE_NUMBER = '+74950000001';
export const VERIFIED_NUMBER = '+74957778899';

/** One application, `taxi`, with one service number, one verified number, the account `driver` and one rule. */
export class FakeDirectory implements CallDirectory {
  /** Pattern of the one rule, matched against the whole dialled number. */
  rulePattern = '.*';
  scenarios: ScenarioSource[] = [{ name: 'taxi', source: '' }];
  readonly serviceNumbers = [PhoneNumber.parse(SERVICE_NUMBER)];
  readonly verifiedNumbers = [PhoneNumber.parse(VERIFIED_NUMBER)];
  readonly users = ['driver'];

  applicationOfNumber(number: PhoneNumber): { readonly id: string; readonly name: string } | undefined {
    return this.isServiceNumber('taxi', number) ? { id: 'taxi', name: 'Taxi' } : undefined;
  }

  routeFor(applicationId: string, dialled: PhoneNumber): Route | undefined {
    if (applicationId !== 'taxi') return undefined;
    if (!new RegExp(`^(?:${this.rulePattern})$`).test(dialled.reveal('lookup'))) return undefined;
    return { applicationId, applicationName: 'Taxi', ruleName: 'all', scenarios: this.scenarios };
  }

  scenarioByName(applicationId: string, name: string): ScenarioSource | undefined {
    if (applicationId !== 'taxi') return undefined;
    return this.scenarios.find((scenario) => scenario.name === name);
  }

  isServiceNumber(applicationId: string, number: PhoneNumber): boolean {
    return applicationId === 'taxi' && this.serviceNumbers.some((held) => held.equals(number));
  }

  isVerifiedNumber(applicationId: string, number: PhoneNumber): boolean {
    return applicationId === 'taxi' && this.verifiedNumbers.some((held) => held.equals(number));
  }

  isUser(applicationId: string, username: string): boolean {
    return applicationId === 'taxi' && this.users.includes(username);
  }
}
