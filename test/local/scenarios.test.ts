import { describe, expect, test } from 'vitest'
import type { Alert } from '../../lib/analyze.ts'
import type { Batch } from '../../lib/capture.ts'
import { defaultFence } from '../../lib/config.ts'
import type { Block } from '../../lib/core/block.ts'
import type { Detection } from '../../lib/core/detection.ts'
import { bitsOf, covers, type Prefix, sourcePrefix } from '../../lib/core/prefix.ts'
import { EmbeddedFence } from '../../lib/local/fence.ts'
import { SCENARIOS } from '../traffic/scenarios.ts'
import type { Recording } from '../traffic/stage.ts'
import type { Truth } from '../traffic/world.ts'

const SEED = 20_260_302
const ENFORCEMENT_MS = 2_000
/** A block decided at a whole second takes effect in the second that the enforcement delay ends in. */
const IN_EFFECT_MS = ENFORCEMENT_MS + 2_000

interface Outcome {
  readonly blocks: readonly Block[]
  readonly alerts: readonly Alert[]
  readonly detections: readonly Detection[]
  /** When each source's packets were dropped and when they came through, in milliseconds. */
  readonly dropped: ReadonlyMap<Prefix, readonly number[]>
  readonly admitted: ReadonlyMap<Prefix, readonly number[]>
}

async function replay({ frames, pbx }: Recording, learningSeconds: number): Promise<Outcome> {
  const blocks: Block[] = []
  const alerts: Alert[] = []
  const detections: Detection[] = []
  const dropped = new Map<Prefix, number[]>()
  const admitted = new Map<Prefix, number[]>()
  const fence = new EmbeddedFence({
    config: { ...defaultFence('test'), learningSeconds },
    pbx,
    mode: 'enforce',
    enforcementDelayMs: ENFORCEMENT_MS,
    seed: SEED,
    onPacket: ({ source, at }, isDropped) => {
      if (pbx.includes(source)) return
      const times = isDropped ? dropped : admitted
      const prefix = sourcePrefix(source)
      times.set(prefix, [...[]])
      times.get(prefix)?.push(at)
    },
    onEvent: (event) => {
      if (event.kind === 'block' && event.change === 'new') blocks.push(event.block)
      else if (event.kind === 'alert') alerts.push(event.alert)
      else if (event.kind === 'detection') detections.push(event.detection)
    },
  })
  await fence.run(
    (async function* (): AsyncIterable<Batch> {
      yield { packets: frames.map(({ packet }) => packet), ignored: 0 }
    })(),
  )
  return { blocks, alerts, detections, dropped, admitted }
}
