import { defaultFence } from '../../lib/config.ts'
import { ASSUMED } from '../../lib/core/assumed.ts'
import { billOf, countedOf, type FenceShape, SCENARIOS } from '../../lib/core/cost.ts'
import { COUNTED } from '../../lib/core/counted-calls.ts'
import { type Billed, PRICES } from '../../lib/core/prices.ts'
import { dollars, quantityText, SCENARIO_WORDS } from '../../lib/view/cost-text.ts'
import { shapeOf } from '../../lib/view/fence-shape.ts'

/** The tables of docs/cost.md, as the code has them. */

const ONE = shapeOf(defaultFence('pbx'))
const FLEETS = [1, 10, 100] as const

/** Each table stands between `<!-- NAME -->` and the next `<!-- end -->`. */
const TABLES: Readonly<Record<string, () => readonly string[]>> = {
  scenarios: () => [
    row('', ...FLEETS.map((pbxs) => (pbxs === 1 ? '1 PBX' : `${pbxs} PBXs`))),
    row('---', ...FLEETS.map(() => '---:')),
    ...SCENARIOS.map((scenario) =>
      row(SCENARIO_WORDS[scenario], ...FLEETS.map((pbxs) => usd({ ...ONE, pbxs }, scenario))),
    ),
  ],
  knobs: () => [
    row('', ...SCENARIOS.map((scenario) => SCENARIO_WORDS[scenario])),
    row('---', ...SCENARIOS.map(() => '---:')),
    ...KNOBS.map(([words, knob]) =>
      row(words, ...SCENARIOS.map((scenario) => usd({ ...ONE, ...knob }, scenario))),
    ),
  ],
  lines: () => [
    row('', 'unit', ...FLEETS.map((pbxs) => (pbxs === 1 ? '1 PBX' : `${pbxs} PBXs`)), 'of 1 PBX'),
    row('---', '---', ...FLEETS.map(() => '---:'), '---:'),
    ...billOf(countedOf(ONE, 'idle-month')).lines.map(({ billed, usd: part }) => {
      const { what, unit } = PRICES[billed]
      const counts = FLEETS.map((pbxs) => quantityText(countedOf({ ...ONE, pbxs }, 'idle-month')[billed]))
      return row(what, unit, ...counts, dollars(part))
    }),
  ],
  counted: () => [
    row('', 'reads', 'writes'),
    row('---', '---:', '---:'),
    ...Object.entries(COUNTED).map(([name, { reads, writes }]) =>
      row(COUNTED_WORDS[name as keyof typeof COUNTED], String(reads), String(writes)),
    ),
  ],
  assumed: () => [
    row('', 'assumed'),
    row('---', '---:'),
    ...Object.entries(ASSUMED).map(([name, value]) =>
      row(`\`${name}\``, value.toLocaleString('en-US', { maximumFractionDigits: 4 })),
    ),
  ],
  prices: () => [
    row('', 'unit', 'USD', 'free a month', 'seen at'),
    row('---', '---', '---:', '---:', '---'),
    ...(Object.keys(PRICES) as Billed[]).map((billed) => {
      const { what, unit, usd: price, free, page, seen } = PRICES[billed]
      return row(`[${what}](${page})`, unit, plain(price), free.toLocaleString('en-US'), seen)
    }),
  ],
}

const KNOBS: readonly (readonly [string, Partial<FenceShape>])[] = [
  ['as it is unless told otherwise', {}],
  ['`"alarms": false`', { alarmMetrics: 0 }],
  ['`"dashboard": true`', { dashboard: true }],
  ['`"ownKey": true`', { key: 'own' }],
  ['four network ACLs', { networkAcls: 4 }],
  ['all three of `firewalls`', { denyList: true, ipSets: true, trustedPeers: true }],
]

const COUNTED_WORDS: Readonly<Record<keyof typeof COUNTED, string>> = {
  round: 'a round of one network ACL, in which nothing is blocked',
  networkAcl: 'more for each further network ACL',
  denyList: 'more with a deny list',
  ipSets: 'more with IP sets',
  trustedPeers: 'more with trusted peers',
  attackedRound: 'more while something is blocked, at most',
  openBlock: 'more for each block that stands, and a read for two of them',
  endedBlock: 'and once, when it ends',
  report: 'a report: a heartbeat, or of an attack',
  attackReport: 'more where it is of an attack, at most',
  newSource: 'more for each suspicious source that is new',
  standingSource: 'more for each whose block stands',
  extendedSource: 'and where it becomes longer',
  wake: 'each round that a report asks for, two at most',
  cappedSource: 'more for each of a host that has caused its share of blocks',
  proofs: 'a message of proofs',
  proof: 'more for each proof in it',
}

/** The text with every table in it as the code has it now. */
export function withTables(text: string): string {
  return Object.entries(TABLES).reduce((before, [name, lines]) => {
    const place = new RegExp(`<!-- ${name} -->\n[\\s\\S]*?<!-- end -->`)
    if (!place.test(before)) throw new Error(`Cannot find <!-- ${name} --> in the text`)
    return before.replace(place, () => [`<!-- ${name} -->`, '', ...lines(), '', '<!-- end -->'].join('\n'))
  }, text)
}

function usd(shape: FenceShape, scenario: (typeof SCENARIOS)[number]): string {
  return dollars(billOf(countedOf(shape, scenario)).usd)
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** Without an exponent. */
function plain(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 10 })
}
