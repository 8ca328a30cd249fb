import { createReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import type { Batch, PacketSource } from '../capture.ts'
import type { Packet } from '../core/packet.ts'
import { ByteStream } from './byte-stream.ts'
import { type CaptureFormat, linkTypeWarning } from './capture-format.ts'
import { gunzip } from './gunzip.ts'
import { hex } from './integers.ts'
import { isPcap, PCAP_HEADER, pcapFormat, pcapLinkType } from './pcap.ts'
import { PCAPNG_HEADER, PcapngFormat } from './pcapng.ts'

const BATCH_FRAMES = 1000
const FILE_CHUNK = 1024 * 1024
const EXPECTED = 'expected a pcap or pcapng file as tcpdump and Wireshark write it, or gzip of one'

type Note = (warning: string) => void

/**
 * Packets of a pcap or pcapng stream, or of gzip of one, in batches of at most 1000 frames, handed over as
 * the bytes come. Memory is one record and one chunk. `name` stands for the stream in messages.
 * Throws while it is read when the stream is no capture or contradicts itself. A stream cut short yields
 * what it has and ends with a note.
 */
export async function* readCapture(name: string, bytes: AsyncIterable<Uint8Array>, note: Note): PacketSource {
  const outer = new ByteStream(bytes)
  let inner = outer
  let isCut = false
  try {
    await outer.fill(2)
    if (hex(outer.peek(2)) === '1f 8b') {
      const unzipped = gunzip(name, outer.rest(), () => {
        isCut = true
      })
      inner = new ByteStream(unzipped)
    }
    const format = await recognise(name, inner, note)
    const read = yield* batches(format, inner)
    const where = inner.available > 0 ? `in the middle of packet ${read + 1}` : `after packet ${read}`
    if (inner.available > 0 || isCut) note(`Capture "${name}" ends ${where}; the packets before it were read`)
  } finally {
    if (inner !== outer) await inner.close()
    await outer.close()
  }
}

/**
 * Packets of the capture file at `path`, or of standard input for `-`. The file is opened when the first batch
 * is asked for; a missing, forbidden or unsuitable file is an Error that says what to do.
 */
export async function* openCapture(path: string, note: Note): PacketSource {
  if (path === '-') {
    yield* readCapture('standard input', process.stdin, note)
    return
  }
  await checkReadable(path)
  yield* readCapture(path, createReadStream(path, { highWaterMark: FILE_CHUNK }), note)
}

async function recognise(name: string, stream: ByteStream, note: Note): Promise<CaptureFormat> {
  await stream.fill(4)
  const start = hex(stream.peek(4))
  if (start === '') throw new Error(`Cannot read capture "${name}": it is empty; ${EXPECTED}`)
  const magic = start.replaceAll(' ', '')
  if (magic === '34cdb2a1' || magic === 'a1b2cd34') {
    const advice = 'convert it with "editcap -F pcap"'
    throw new Error(
      `Cannot read capture "${name}": it is in the modified pcap format of Kuznetzov; ${advice}`,
    )
  }
  const isPcapng = magic === '0a0d0d0a'
  if (!isPcap(magic) && !isPcapng) {
    throw new Error(`Cannot read capture "${name}": it starts with ${start}; ${EXPECTED}`)
  }
  const headerLength = isPcapng ? PCAPNG_HEADER : PCAP_HEADER
  if (!(await stream.fill(headerLength))) {
    const lengths = `it ends after ${stream.available} bytes; its header alone should have ${headerLength}`
    throw new Error(`Cannot read capture "${name}": ${lengths}`)
  }
  if (isPcapng) return new PcapngFormat(name, note)
  const linkType = pcapLinkType(magic, stream.peek(headerLength))
  stream.skip(headerLength)
  const warning = linkTypeWarning(name, linkType)
  if (warning !== undefined) note(warning)
  return pcapFormat(name, magic, linkType)
}

/** Returns how many frames it read. What comes in pieces goes out at once, so a live source is not held up. */
async function* batches(format: CaptureFormat, stream: ByteStream): AsyncGenerator<Batch, number> {
  let read = 0
  for (;;) {
    const batch = takeBatch(format, stream)
    const frames = batch.packets.length + batch.ignored
    read += frames
    if (frames > 0) yield batch
    if (frames === BATCH_FRAMES) continue
    const needed = format.measure(stream.bytes, stream.start, stream.offset)
    if (!(await stream.fill(needed))) return read
  }
}

/** The frames that have come already. */
function takeBatch(format: CaptureFormat, stream: ByteStream): Batch & { readonly packets: Packet[] } {
  const packets: Packet[] = []
  let ignored = 0
  while (packets.length + ignored < BATCH_FRAMES) {
    const length = format.measure(stream.bytes, stream.start, stream.offset)
    if (stream.available < length) break
    const record = format.read(stream.bytes, stream.start, length, stream.offset)
    stream.skip(length)
    if (record === 'ignored') ignored++
    else if (record !== 'no frame') packets.push(record)
  }
  return { packets, ignored }
}

async function checkReadable(path: string): Promise<void> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) {
      throw new Error(`Cannot read capture "${path}": it is a directory; pass one capture file in it`)
    }
    await access(path, constants.R_OK)
  } catch (error) {
    throw explained(path, error as NodeJS.ErrnoException)
  }
}

function explained(path: string, error: NodeJS.ErrnoException): Error {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    const advice = 'pass the path of a pcap or pcapng file, or - for standard input'
    return new Error(`Cannot read capture "${path}": there is no such file; ${advice}`)
  }
  if (error.code === 'EACCES') {
    const advice = 'give that user read permission on the file and its directories'
    return new Error(`Cannot read capture "${path}": user ${process.geteuid?.()} may not read it; ${advice}`)
  }
  return error
}
