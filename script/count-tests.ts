/**
 * Reads vitest's JSON report and prints the one line that sums it up; exits with 1 if a test failed or none ran. The second
 * argument: how many checks besides the tests failed.
 */
import { readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numFailedTestSuites: number;
}

const text = readFileSync(process.argv[2] ?? '', 'utf8');
const report: Report = text === '' ? none() : (JSON.parse(text) as Report);
const failed =
  Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0) + Number(process.argv[3] ?? 0);
const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : '';
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped}`);
process.exitCode = failed > 0 || report.numPassedTests === 0 ? 1 : 0;

function none(): Report {
  return { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numFailedTestSuites: 1 };
}
