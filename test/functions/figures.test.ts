import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics } from '@aws-lambda-powertools/metrics'
import { expect, test } from 'vitest'
import { FIGURES } from '../../lib/figures.ts'
import { CloudWatchJournal } from '../../lib/functions/journal.ts'
import { METRIC_NAMESPACE } from '../../lib/names.ts'

/** As lib/functions/deployment.ts wires it. */
function journal() {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE })
  metrics.clearDefaultDimensions()
  metrics.setDefaultDimensions({ fence: 'pbx' })
  const state = { isNews: async () => true }
  return { metrics, journal: new CloudWatchJournal({ logger: new Logger(), metrics, state, clock: () => 0 }) }
}

test('every figure goes to CloudWatch as one series, with the fence as its only dimension', () => {
  const { metrics, journal: to } = journal()
  to.tell({ AttackingSources: 2, FreeEntries: -1, UnseenPercent: 100, Safeguards: 11 })
  to.count('ProtectedFloods')
  to.count('BlockedArriving')
  to.count('BlockedArriving')
  const line = metrics.serializeMetrics() // what publishStoredMetrics() writes as one line
  const [directive, ...others] = line._aws.CloudWatchMetrics
  expect(others).toEqual([])
  expect(directive).toMatchObject({ Namespace: 'sipfence', Dimensions: [['fence']] })
  expect(directive!.Metrics.map(({ Name }) => Name).sort()).toEqual([...FIGURES].sort())
  expect(line).toMatchObject({ fence: 'pbx', FreeEntries: -1, BlockedArriving: [1, 1] })
})
