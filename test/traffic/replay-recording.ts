import type { Batch } from '../../lib/capture.ts'
import { defaultFence } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import type { Detection } from '../../lib/core/detection.ts'
import { type Prefix, sourcePrefix } from '../../lib/core/prefix.ts'
import type { Alert } from '../../lib/journal.ts'
import { EmbeddedFence } from '../../lib/local/fence.ts'
import type { Recording } from './stage.ts'

/** What a fence made of a recording. */
export interface Outcome {
  /** New ones only, in the order of time. */
  readonly blocks: readonly Block[]
  readonly alerts: readonly Alert[]
  readonly detections: readonly Detection[]
  /** Packets to the PBX by source: when the first one was dropped, and how many were. */
  readonly dropped: ReadonlyMap<Prefix, { readonly first: number; readonly packets: number }>
}

/** From a block's decision to the first packet that it drops. */
export const ENFORCEMENT_MS = 2_000

/** Plays the recording to an enforcing fence with default settings, but for how long it learns. */
export async function replay(recording: Recording, learningSeconds: number): Promise<Outcome> {
  const { frames, pbx } = recording
  const blocks: Block[] = []
  const alerts: Alert[] = []
  const detections: Detection[] = []
  const dropped = new Map<Prefix, { first: number; packets: number }>()
  const fence = new EmbeddedFence({
    config: { ...defaultFence('test'), learningSeconds },
    pbx,
    mode: 'enforce',
    enforcementDelayMs: ENFORCEMENT_MS,
    seed: 7,
    onPacket: ({ source, at }, isDropped) => {
      if (!isDropped || pbx.includes(source)) return
      const prefix = sourcePrefix(source)
      const count = dropped.get(prefix)
      if (count === undefined) dropped.set(prefix, { first: at, packets: 1 })
      else count.packets++
    },
    onEvent: (event) => {
      if (event.kind === 'alert') alerts.push(event.alert)
      else if (event.kind === 'detection') detections.push(event.detection)
      else if (event.kind === 'block' && event.change === 'new') blocks.push(event.block)
    },
  })
  async function* source(): AsyncIterable<Batch> {
    yield { packets: frames.map(({ packet }) => packet), ignored: 0 }
  }
  await fence.run(source())
  return { blocks, alerts, detections, dropped }
}
