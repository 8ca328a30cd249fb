import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { defaultFence, readConfig } from '../../lib/config.ts'
import { costDocument } from '../../lib/contract/cost.ts'
import { PRICES_AT } from '../../lib/core/prices.ts'
import { costLines, dollars, quantityText } from '../../lib/view/cost-text.ts'
import { shapeOf } from '../../lib/view/fence-shape.ts'
import { runHere } from '../commands/in-process.ts'
import { withTables } from './cost-tables.ts'

const ROOT = join(import.meta.dirname, '../..')
const TEXT = readFileSync(join(ROOT, 'docs/cost.md'), 'utf8')

describe('docs/cost.md', () => {
  test('has the tables that the code makes; npx tsx test/view/write-cost-tables.ts writes them', () => {
    expect(withTables(TEXT)).toBe(TEXT)
  })

  test('tells of which day the prices are', () => {
    expect(TEXT).toContain(`put together on ${PRICES_AT}`)
  })
})

describe('sipfence cost', () => {
  const example = join(ROOT, 'examples/sipfence.json')

  test('tells what a fence of one PBX costs without any settings', async () => {
    const { code, out } = await runHere(['cost'])
    expect(code).toBe(0)
    expect(out).toContain('Fence example: 1 PBX, 1 network ACL')
    for (const line of costLines(defaultFence('example')).slice(0, -1)) {
      const [, price, words] = /^ +(\$[\d.]+) {2}(.*)$/.exec(line)!
      expect(out).toContain(`${price}  ${words}`)
    }
  })

  test('tells of every fence in the settings, and as if it had more PBXs', async () => {
    const fences = readConfig('example', readFileSync(example, 'utf8')).fences
    const { code, out } = await runHere(['cost', '--config', example, '--pbxs', '7', '--json'])
    const document = costDocument.parse(JSON.parse(out))
    expect(code).toBe(0)
    expect(document.fences.map(({ id, pbxs }) => [id, pbxs])).toEqual(fences.map(({ id }) => [id, 7]))
    const idle = (at: typeof document) => at.fences[0]!.scenarios[0]!.usd
    const fewer = costDocument.parse(JSON.parse((await runHere(['cost', '--config', example, '--json'])).out))
    expect(idle(document)).toBeGreaterThan(idle(fewer))
  })

  test('takes the free tier off where somebody asks for it', async () => {
    const { out } = await runHere(['cost', '--free-tier', '--json'])
    const { freeTier, fences } = costDocument.parse(JSON.parse(out))
    expect(freeTier).toBe(true)
    expect(fences[0]!.scenarios[0]!.lines.map(({ what }) => what)).not.toContain('CloudWatch metrics')
  })

  test.each([
    [['--pbxs', '0'], '--pbxs "0"; it should be a whole number, 1 to 9999'],
    [['--config', 'nowhere.json'], 'there is no such file'],
  ])('refuses %j', async (args, why) => {
    const { code, err } = await runHere(['cost', ...args])
    expect(code).toBe(2)
    expect(err).toContain(why)
  })
})

describe('the shape of a fence', () => {
  test('is what its settings say', () => {
    const fence = {
      ...defaultFence('f'),
      pbxs: [{ addresses: [] }, { addresses: [] }],
      networkAcls: [],
      firewalls: { denyList: { maxEntries: 5 } },
      alarms: false,
      dashboard: true,
      ownKey: true,
    }
    expect(shapeOf(fence)).toMatchObject({
      pbxs: 2,
      networkAcls: 1,
      denyList: true,
      ipSets: false,
      trustedPeers: false,
      alarmMetrics: 0,
      dashboard: true,
      key: 'own',
      hostBlocks: 1_000,
    })
    expect(shapeOf({ ...fence, existing: { key: 'arn:aws:kms:…' } }).key).toBe('existing')
  })

  test('has alarms and neither dashboard nor key of its own unless told', () => {
    const { alarmMetrics, dashboard, key } = shapeOf(defaultFence('f'))
    expect([alarmMetrics, dashboard, key]).toEqual([13, false, 'aws'])
  })
})

test('amounts are told to the cent, and what is less is not called nothing', () => {
  expect([0, 0.004, 0.005, 4.405, 1_234.5].map(dollars)).toEqual([
    '$0.00',
    '<$0.01',
    '$0.01',
    '$4.41',
    '$1,234.50',
  ])
  expect([0, 0.0072, 9.87, 12.3, 897_900].map(quantityText)).toEqual(['0', '0.0072', '9.9', '12', '897,900'])
})
