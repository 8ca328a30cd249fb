/** A small generator of numbers (xorshift32): the same seed gives the same numbers everywhere. */
export function numbers(seed: number): (below: number) => number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 1
  for (let i = 0; i < 4; i++) step()
  function step(): number {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  return (below) => step() % below
}

/** The bytes after one to three changes: flipped, cut, doubled, inserted, spliced with another, repeated. */
export function mutated(bytes: Uint8Array, other: Uint8Array, random: (below: number) => number): Uint8Array {
  let changed = bytes
  for (let changes = 1 + random(3); changes > 0; changes--) changed = mutatedOnce(changed, other, random)
  return changed
}

const TOKENS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ';',
  ',',
  '"',
  '\\',
  '<',
  '>',
  ':',
  '=',
  '@',
  '[',
  '\r\n ',
]
const PIECES = [
  'SIP/2.0',
  'Via: ',
  'v:',
  ';branch=',
  ';tag=',
  'Digest nonce="',
  'Content-Length: -1',
  'l:999999999',
]
const INSERTED = [...TOKENS, ...PIECES, '\u00ff', '%s%n', '\r\n\r\n'].map((text) =>
  Buffer.from(text, 'latin1'),
)

function mutatedOnce(bytes: Uint8Array, other: Uint8Array, random: (below: number) => number): Uint8Array {
  const at = random(bytes.length + 1)
  const to = Math.min(bytes.length, at + random(80))
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)]
  switch (random(7)) {
    case 0:
      return bytes.map((byte, index) => (index >= at && index < at + 3 ? byte ^ (1 << random(8)) : byte))
    case 1:
      return before
    case 2:
      return joined([before, after])
    case 3:
      return joined([before, piece, piece, after])
    case 4:
      return joined([before, INSERTED[random(INSERTED.length)]!, piece, after])
    case 5:
      return joined([before, other.subarray(random(other.length + 1))])
    default:
      return joined([before, repeated(INSERTED[random(INSERTED.length)]!, random), after])
  }
}

/** Mostly short, and once in fifty times up to 64 KiB. */
function repeated(piece: Uint8Array, random: (below: number) => number): Uint8Array {
  const times = random(50) === 0 ? random(Math.floor(65_536 / piece.length)) : random(40)
  return joined(Array<Uint8Array>(times).fill(piece))
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
