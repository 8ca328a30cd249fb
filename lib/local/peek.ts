import type { Batch, PacketSource } from '../capture.ts'
import { PbxInference } from '../core/infer-pbx.ts'
import type { Address } from '../core/prefix.ts'

/** Packets that are held back while the PBX is looked for: enough for a minute of most captures. */
const MOST_PACKETS = 50_000

/**
 * Reads the beginning of a capture to find out who the PBX is, and gives back a source that begins at the
 * beginning again. `pbx` is undefined where it cannot be told.
 */
export async function peek(
  source: PacketSource,
  ports: ReadonlySet<number>,
): Promise<{ readonly pbx: Address[] | undefined; readonly source: PacketSource }> {
  const inference = new PbxInference(ports)
  const batches = source[Symbol.asyncIterator]()
  const held: Batch[] = []
  let packets = 0
  while (packets < MOST_PACKETS) {
    const { value, done } = await batches.next()
    if (done === true) break
    const kept = [...value.packets]
    for (const packet of kept) inference.note(packet)
    packets += kept.length
    held.push({ ...value, packets: kept })
  }
  async function* again(): AsyncIterable<Batch> {
    yield* held.splice(0)
    yield* { [Symbol.asyncIterator]: () => batches }
  }
  return { pbx: inference.answer(), source: again() }
}
