/**
 * Conditions on runs and groups, as people type them. The grammar is that of qanat/domain/condition.py, and
 * tests/data/conditions.json has cases that both have to read alike.
 */

/** @typedef {{kind: 'compared', name: string, operator: string, value: string, place: number}} Compared */
/** @typedef {{kind: 'present', name: string, place: number}} Present */
/** @typedef {{kind: 'said', text: string}} Said */
/** @typedef {{kind: 'fresh', place: number}} Fresh */
/** @typedef {{kind: 'not', inner: Condition}} Not */
/** @typedef {{kind: 'all' | 'any', parts: Condition[]}} Several */
/** @typedef {Compared | Present | Said | Fresh | Not | Several} Condition */

export const METRIC = 'metric.';
export const PARAMETER = 'parameter.';
const FRESH = 'fresh';
const EXAMPLE = 'for example: lr<0.01 and metric.acc>0.9 or tag=paper';
const DEPTH_MAX = 100;
const QUOTED_MAX = 40;
/** @type {Record<string, [string, string]>} */
const OLDER = {
  tag: ['tag', '='],
  state: ['state', '='],
  runner: ['runner', '='],
  commit: ['commit', '='],
  experiment: ['experiment', '='],
  after: ['date', '>='],
  before: ['date', '<'],
  text: ['text', '='],
};
const OLDER_NAME = /(tag|state|runner|commit|experiment|after|before|text):/y;
const KEYWORD = /(and|or|not)(?=[\s()]|$)/iy;
const NAME = /[^\s()<>=!~"']+/y;
const OPERATOR = /<=|>=|!=|!~|==|=|<|>|~/y;
const SPACE = /\s*/y;
const PLAIN = /^[\p{L}\p{N}_.+/@*?%,#-]+$/u;

/** A mistake in a condition, and where it is. */
export class ConditionError extends Error {
  /**
   * @param {string} problem
   * @param {string} text
   * @param {number} place
   * @param {string} [hint]
   */
  constructor(problem, text, place, hint = EXAMPLE) {
    super(`${problem} (character ${[...text.slice(0, place)].length + 1} of the condition)`);
    this.hint = hint;
  }
}

/**
 * Return whether an argument reads as an option: it begins with a dash and is neither `-` nor a negative number.
 * @param {string} argument
 */
export function isOption(argument) {
  return argument.startsWith('-') && argument !== '-' && !/^-\.?\d/.test(argument);
}

/**
 * Return text as a name or a value in a condition.
 * @param {string} text
 */
export function quotedIfNeeded(text) {
  KEYWORD.lastIndex = 0;
  if (PLAIN.test(text) && !KEYWORD.test(text)) return text;
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/**
 * Return a name as it is written in a condition, where `metric.` and `parameter.` are not in quotes.
 * @param {string} name
 */
export function nameInCondition(name) {
  const kind = [METRIC, PARAMETER].find((prefix) => name.startsWith(prefix)) ?? '';
  return kind + quotedIfNeeded(name.slice(kind.length));
}

/**
 * Parse a condition; an empty text is met by every run. Throws ConditionError.
 * @param {string} text
 * @returns {Condition}
 */
export function parse(text) {
  return new Parser(text).condition();
}

/** A recursive descent over one text. */
class Parser {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.place = 0;
  }

  /** @returns {Condition} */
  condition() {
    this.skipSpace();
    if (this.isAtEnd()) return { kind: 'all', parts: [] };
    const found = this.any(0);
    if (this.next() === ')') this.fail("')' closes nothing");
    if (!this.isAtEnd()) this.failBetween();
    return found;
  }

  /**
   * @param {number} depth
   * @returns {Condition}
   */
  any(depth) {
    const parts = [this.all(depth)];
    while (this.takeKeyword('or')) parts.push(this.all(depth));
    return parts.length === 1 ? parts[0] : { kind: 'any', parts };
  }

  /**
   * @param {number} depth
   * @returns {Condition}
   */
  all(depth) {
    const parts = [this.one(depth)];
    while (this.takeKeyword('and')) parts.push(this.one(depth));
    return parts.length === 1 ? parts[0] : { kind: 'all', parts };
  }

  /**
   * @param {number} depth
   * @returns {Condition}
   */
  one(depth) {
    this.skipSpace();
    if (depth > DEPTH_MAX) this.fail('the condition is nested too deeply');
    if (this.takeKeyword('not')) return { kind: 'not', inner: this.one(depth + 1) };
    if (this.next() === '(') return this.inParentheses(depth + 1);
    if (this.isAtEndOfValue()) this.fail('a condition is missing');
    return this.term();
  }

  /**
   * @param {number} depth
   * @returns {Condition}
   */
  inParentheses(depth) {
    const opened = this.place;
    this.place += 1;
    const found = this.any(depth);
    if (this.isAtEnd()) throw new ConditionError("'(' is not closed", this.text, opened);
    if (this.next() !== ')') this.failBetween();
    this.place += 1;
    this.skipSpace();
    return found;
  }

  /** @returns {Condition} */
  term() {
    const place = this.place;
    const older = this.at(OLDER_NAME);
    if (older) {
      this.place += older[0].length;
      const [name, operator] = OLDER[older[1]];
      const value = this.value();
      return name === 'text' ? { kind: 'said', text: value } : { kind: 'compared', name, operator, value, place };
    }
    const [name, isQuoted] = this.name();
    this.skipSpace();
    const operator = this.at(OPERATOR);
    if (operator) return this.comparison(name, operator[0], place);
    if (isQuoted) return { kind: 'said', text: name };
    if (name.startsWith(METRIC) || name.startsWith(PARAMETER)) return { kind: 'present', name, place };
    this.place = place;
    if (isOption(name)) return { kind: 'present', name: this.oneText(), place };
    const text = this.texts();
    return text === FRESH ? { kind: 'fresh', place } : { kind: 'said', text };
  }

  /**
   * @param {string} name
   * @param {string} operator
   * @param {number} place
   * @returns {Compared}
   */
  comparison(name, operator, place) {
    if (!name) this.fail(`a name is missing before '${operator}'`);
    const before = this.place;
    this.place += operator.length;
    this.skipSpace();
    if (!operator.includes('~') && /[<>=]/.test(this.next())) {
      throw new ConditionError(`a value is missing after '${operator}'; one that begins with '${this.next()}' needs quotes`, this.text, before);
    }
    const value = this.value();
    const mayBeEmpty = ['=', '==', '!='].includes(operator) || `"'`.includes(this.text[this.place - 1]);
    if (!value && !mayBeEmpty) throw new ConditionError(`a value is missing after '${operator}'`, this.text, before);
    return { kind: 'compared', name, operator: operator === '==' ? '=' : operator, value, place };
  }

  /**
   * Read a name, and return whether all of it was in quotes; the name is empty if there is none.
   * @returns {[string, boolean]}
   */
  name() {
    if (this.isAtQuote()) return [this.string(), true];
    const found = this.at(NAME);
    if (!found) return ['', false];
    this.place += found[0].length;
    const isKind = found[0] === METRIC || found[0] === PARAMETER;
    return [isKind && this.isAtQuote() ? found[0] + this.string() : found[0], false];
  }

  /** @returns {string} */
  value() {
    this.skipSpace();
    if (this.isAtEndOfValue()) return '';
    return this.isAtQuote() ? this.string() : this.texts();
  }

  /** Read what is in quotes. */
  string() {
    const quote = this.next();
    const opened = this.place;
    let place = opened + 1;
    while (this.text[place] !== quote) {
      if (place >= this.text.length) throw new ConditionError('the quote is not closed', this.text, opened);
      place += this.text[place] === '\\' ? 2 : 1;
    }
    this.place = place + 1;
    return this.text.slice(opened + 1, place).replace(/\\([\\"'])/g, '$1');
  }

  /** Read a value or a text without quotes, which may contain spaces. */
  texts() {
    const first = this.place;
    this.oneText();
    let end = this.place;
    this.skipSpace();
    while (!this.isAtEndOfValue()) {
      if (this.beginsTerm()) this.failBetween();
      this.oneText();
      end = this.place;
      this.skipSpace();
    }
    return this.text.slice(first, end);
  }

  /** Read up to the next space, or the end of the parentheses around it. */
  oneText() {
    const first = this.place;
    let depth = 0;
    while (!this.isAtEnd() && !/\s/.test(this.next())) {
      depth += Number(this.next() === '(') - Number(this.next() === ')');
      if (depth < 0) break;
      this.place += 1;
    }
    return this.text.slice(first, this.place);
  }

  /** Return whether a comparison, parentheses or an older spelling begin here. */
  beginsTerm() {
    if (this.next() === '(' || this.at(OLDER_NAME)) return true;
    const afterName = this.place + (this.at(NAME)?.[0].length ?? 0);
    const after = afterName + (this.at(SPACE, afterName)?.[0].length ?? 0);
    return this.at(OPERATOR, after) !== null;
  }

  next() {
    return this.text.charAt(this.place);
  }

  isAtEnd() {
    return this.place >= this.text.length;
  }

  isAtQuote() {
    return this.next() === "'" || this.next() === '"';
  }

  /**
   * Match an expression here, or at another place.
   * @param {RegExp} expression
   */
  at(expression, place = this.place) {
    expression.lastIndex = place;
    return expression.exec(this.text);
  }

  skipSpace() {
    this.place += this.at(SPACE)?.[0].length ?? 0;
  }

  isAtEndOfValue() {
    const found = this.at(KEYWORD);
    return this.isAtEnd() || this.next() === ')' || (found !== null && found[1].toLowerCase() !== 'not');
  }

  /** @param {string} keyword */
  takeKeyword(keyword) {
    this.skipSpace();
    const found = this.at(KEYWORD);
    if (!found || found[1].toLowerCase() !== keyword) return false;
    this.place += found[0].length;
    return true;
  }

  /** @returns {never} */
  failBetween() {
    const rest = [...this.text.slice(this.place)].slice(0, QUOTED_MAX + 1);
    const shown = rest.length > QUOTED_MAX ? `${rest.slice(0, QUOTED_MAX - 1).join('')}…` : rest.join('');
    this.fail(`'and' or 'or' is missing before ${quoted(shown)}`);
  }

  /**
   * @param {string} problem
   * @returns {never}
   */
  fail(problem) {
    throw new ConditionError(problem, this.text, this.place);
  }
}

/**
 * Return a text in quotes, for a message.
 * @param {string} text
 */
export function quoted(text) {
  if (text.includes("'") && !text.includes('"')) return `"${text.replaceAll('\\', '\\\\')}"`;
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
