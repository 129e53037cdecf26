// Text that came from a client, made fit for a line of the log and for the message of an answer.

const LONGEST = 120

/** The text on one line, shortened; what a terminal or a reader of logs would take for more than text is escaped. */
export function printable (text, longest = LONGEST) {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text
  return shown.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, character => `\\u{${character.codePointAt(0).toString(16)}}`)
}
