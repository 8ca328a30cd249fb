import { createGunzip, type Gunzip } from 'node:zlib'

/** Deflate grows at most about 1032-fold, so a slice yields at most 17 MiB before the reader takes it. */
const SLICE = 16 * 1024

/**
 * The bytes inside a gzip stream (RFC 1952, also of several members). Corrupt data is an Error that names the
 * file. A stream that merely stops early yields what it has and then calls `cut`.
 */
export async function* gunzip(
  name: string,
  source: AsyncIterable<Uint8Array>,
  cut: () => void,
): AsyncGenerator<Uint8Array> {
  const inflate = createGunzip()
  const output: Uint8Array[] = []
  // The writes below report errors; without a listener in between, one would end the process.
  inflate.on('error', () => {})
  inflate.on('data', (bytes: Uint8Array) => output.push(bytes))
  let ended = false // bytes that follow the last member end the stream, and zlib then calls no write back
  inflate.once('end', () => {
    ended = true
  })
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length && !ended; at += SLICE) {
        await feed(name, inflate, chunk.subarray(at, at + SLICE))
        yield* output.splice(0)
      }
    }
    const whole = ended || (await endsWhole(name, inflate))
    yield* output.splice(0)
    if (!whole) cut()
  } finally {
    inflate.destroy()
  }
}

/** Settles on the error event as well, because zlib forgets the write's callback when the data is corrupt. */
function feed(name: string, inflate: Gunzip, slice: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(corrupt(name, error))
    const done = () => {
      inflate.off('error', fail)
      inflate.off('end', done)
      resolve()
    }
    inflate.once('error', fail)
    inflate.once('end', done)
    inflate.write(slice, done)
  })
}

/** Whether the stream reached its own end; false when it stopped early. */
function endsWhole(name: string, inflate: Gunzip): Promise<boolean> {
  return new Promise((resolve, reject) => {
    inflate.once('end', () => resolve(true))
    inflate.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'Z_BUF_ERROR') resolve(false)
      else reject(corrupt(name, error))
    })
    inflate.end()
  })
}

function corrupt(name: string, error: Error): Error {
  return new Error(
    `Cannot read capture "${name}": its gzip data is corrupt (${error.message}); expected an intact gzip file`,
    { cause: error },
  )
}
