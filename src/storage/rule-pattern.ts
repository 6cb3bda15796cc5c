import { StorageError } from './errors.ts';

/** Longest pattern of a rule; the settings file has the same limit. */
export const MAX_PATTERN = 512;
/** Longest dialled number that is matched: E.164 has 15 digits, account names and extensions stay below this. */
const MAX_SUBJECT = 64;
/** Ways in which a pattern may try one text; three unbounded repetitions. A few milliseconds at the very worst. */
const MAX_WAYS = (MAX_SUBJECT + 1) ** 3;

/**
 * Compiles a rule's pattern. As in VoxEngine the whole dialled number must match. Throws `entry/invalid` for a pattern
 * that is too long or could take exponential time: the backtracking of one call's rule would delay every other call.
 */
export function compilePattern(pattern: string): (dialled: string) => boolean {
  if (pattern.length > MAX_PATTERN) {
    throw new StorageError('entry/invalid', `The pattern is longer than ${MAX_PATTERN} characters.`);
  }
  let expression: RegExp;
  try {
    new RegExp(pattern);
    expression = new RegExp(`^(?:${pattern})$`);
  } catch {
    throw new StorageError('entry/invalid', 'The pattern is not a regular expression.');
  }
  const danger = dangerOf(pattern);
  if (danger !== undefined) throw new StorageError('entry/invalid', `The pattern ${danger}.`);
  return (dialled) => {
    if (dialled.length > MAX_SUBJECT) return false;
    if (expression.test(dialled)) return true;
    // Rules are written with and without the plus sign, whatever the trunk sends.
    return (
      /^\+?\d+$/.test(dialled) && expression.test(dialled.startsWith('+') ? dialled.slice(1) : `+${dialled}`)
    );
  };
}

/** How many ways there are to match a text, counted while the pattern is scanned. */
interface Group {
  /** Of the alternatives before the present one. */
  finished: number;
  /** Of the present alternative so far. */
  present: number;
}

/** Why a pattern is refused; undefined when it is harmless. A scan over its tokens, not a full parser. */
function dangerOf(pattern: string): string | undefined {
  const open: Group[] = [{ finished: 0, present: 1 }];
  /** Ways to match the group that the token before this one closed; 1 for any other token. */
  let last = 1;
  const tokens = pattern.matchAll(
    /\\k<|\\[1-9]|\\.|\[(?:\\.|[^\]\\])*\]|\(\?<?[=!]|\((?:\?:|\?<\w+>)?|\)|\||[*+?]\??|\{(\d+)(,?)(\d*)\}\??|[\s\S]/g,
  );
  for (const [token, least, comma, most] of tokens) {
    if (/^\\(k<|[1-9])/.test(token)) return 'uses a back reference, which is not supported';
    if (/^\(\?<?[=!]/.test(token)) return 'looks ahead or behind, which is not supported';
    const group = open.at(-1);
    if (group === undefined) return 'has unbalanced parentheses';
    if (token.startsWith('(')) open.push({ finished: 0, present: 1 });
    else if (token === '|') Object.assign(group, { finished: group.finished + group.present, present: 1 });
    else if (/^[*+?]/.test(token) || least !== undefined) {
      const [min, max] = bounds(token, least, comma, most);
      if (max > 1 && last > 1)
        return 'repeats a group that itself repeats or has alternatives; write it flat';
      group.present *= Math.min(max, MAX_SUBJECT) - Math.min(min, MAX_SUBJECT) + 1;
    }
    last = 1;
    if (token === ')') {
      open.pop();
      last = group.finished + group.present;
      const parent = open.at(-1);
      if (parent !== undefined) parent.present *= last;
    }
  }
  const root = open[0];
  const ways = root === undefined ? 0 : root.finished + root.present;
  return ways > MAX_WAYS
    ? 'has too many repetitions; make the lengths fixed or write several rules'
    : undefined;
}

function bounds(
  token: string,
  least: string | undefined,
  comma: string | undefined,
  most: string | undefined,
): [min: number, max: number] {
  if (token.startsWith('?')) return [0, 1];
  if (least === undefined) return [token.startsWith('+') ? 1 : 0, MAX_SUBJECT];
  if (comma === '') return [Number(least), Number(least)];
  return [Number(least), most === '' ? MAX_SUBJECT : Number(most)];
}
