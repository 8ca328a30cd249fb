/**
 * A byte source read record by record: it holds what has come and is not yet skipped, so memory is one
 * record plus one chunk. Views of `bytes` stay valid after more has come.
 */
export class ByteStream {
  /** What has come and is still held; the unread part begins at `start`. */
  bytes: Uint8Array = new Uint8Array(0)
  start = 0
  /** How far into the source `start` is. */
  offset = 0
  readonly #source: AsyncIterator<Uint8Array>

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  get available(): number {
    return this.bytes.length - this.start
  }

  skip(length: number): void {
    this.start += length
    this.offset += length
  }

  /** The next `length` bytes without skipping them, or fewer where fewer have come. */
  peek(length: number): Uint8Array {
    return this.bytes.subarray(this.start, this.start + length)
  }

  /** Waits until `needed` bytes are unread; false when the source ends before that. */
  async fill(needed: number): Promise<boolean> {
    if (this.available >= needed) return true
    const parts = [this.bytes.subarray(this.start)]
    let length = this.available
    while (length < needed) {
      const { done, value } = await this.#source.next()
      if (done === true) break
      parts.push(value)
      length += value.length
    }
    this.bytes = joined(parts, length)
    this.start = 0
    return length >= needed
  }

  /** Everything not yet skipped, then the rest of the source. The stream itself is done with. */
  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.available > 0) yield this.bytes.subarray(this.start)
    for (;;) {
      const { done, value } = await this.#source.next()
      if (done === true) return
      yield value
    }
  }

  /** Lets the source close its file. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }
}

/** A plain Uint8Array, because views of one are cheaper to make and to compare than views of a Buffer. */
function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [, only] = parts
  if (parts.length === 2 && parts[0]!.length === 0 && only !== undefined) {
    return new Uint8Array(only.buffer, only.byteOffset, only.length)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
