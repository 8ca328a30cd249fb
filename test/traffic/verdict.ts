import { bitsOf, covers, type Prefix } from '../../lib/core/prefix.ts'
import { ENFORCEMENT_MS, type Outcome } from './replay-recording.ts'
import type { Truth } from './world.ts'

const REFLECTION_WITHIN_SECONDS = 5
const OTHERS_WITHIN_SECONDS = 20
/** Blocks take effect at a whole second, and the next packet may be a while away. */
const SLACK_MS = 1_500

/** What the fence did against the truth, one sentence each; none where all is well. */
export function wrongs(truth: readonly Truth[], outcome: Outcome): string[] {
  const named = new Set([...outcome.blocks.map(({ prefix }) => prefix), ...outcome.dropped.keys()])
  return [...named]
    .flatMap((source) => wrongedBy(source, truth, outcome))
    .concat(truth.flatMap((each) => (each.verdict === 'must-block' ? missed(each, outcome) : [])))
    .concat(truth.flatMap((each) => (each.alert === true ? unsaid(each, outcome) : [])))
}

/** What the truth says of a source: the narrowest entry that holds it. */
function truthOf(source: Prefix, truth: readonly Truth[]): Truth | undefined {
  const inner = bitsOf(source)
  return truth
    .filter((each) => covers(bitsOf(each.source), inner))
    .toSorted((a, b) => bitsOf(b.source).length - bitsOf(a.source).length)[0]
}

function wrongedBy(source: Prefix, truth: readonly Truth[], { blocks, dropped }: Outcome): string[] {
  const said = truthOf(source, truth)
  if (said !== undefined && said.verdict !== 'never-block') return []
  const whom = `${source} (${said?.role ?? 'nobody in particular'})`
  const packets = dropped.get(source)?.packets ?? 0
  const why = blocks.filter(({ prefix }) => prefix === source).map((block) => `${block.class}: ${block.why}`)
  return [`blocked ${whom}, which cost it ${packets} packets: ${why.join('; ')}`]
}

function missed(truth: Truth, { blocks, dropped }: Outcome): string[] {
  const { source, role, from = 0, classes = [], withinSeconds = usualSeconds(truth) } = truth
  const block = blocks.find(({ prefix }) => prefix === source)
  const whom = `${source} (${role})`
  if (block === undefined) return [`did not block ${whom}`]
  const late = block.from - from
  const wrong: string[] = []
  if (late > withinSeconds * 1000) {
    wrong.push(`blocked ${whom} after ${late} ms; it should be within ${withinSeconds} s`)
  }
  if (late < 0) wrong.push(`blocked ${whom} ${-late} ms before its attack`)
  if (!classes.some((name) => name === block.class)) {
    wrong.push(`blocked ${whom} for ${block.class}; it should be for ${classes.join(' or ')}`)
  }
  const first = dropped.get(source)?.first ?? Number.POSITIVE_INFINITY
  if (first > block.from + ENFORCEMENT_MS + SLACK_MS) {
    wrong.push(`blocked ${whom} and dropped its packets only ${first - block.from} ms later`)
  }
  return wrong
}

function unsaid({ source, role, from = 0 }: Truth, { alerts }: Outcome): string[] {
  const alert = alerts.find((each) => each.source === source && each.at >= from)
  if (alert === undefined) return [`raised no alert for ${source} (${role})`]
  const late = alert.at - from
  return late > OTHERS_WITHIN_SECONDS * 1000
    ? [`raised the alert for ${source} (${role}) only after ${late} ms`]
    : []
}

function usualSeconds({ classes = [] }: Truth): number {
  return classes[0] === 'reflection' ? REFLECTION_WITHIN_SECONDS : OTHERS_WITHIN_SECONDS
}
