import { readFileSync } from 'node:fs'
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics } from '@aws-lambda-powertools/metrics'
import { awsClients, type DeployedFence, openFence } from '../aws/deployed-fence.ts'
import { Notices } from '../aws/notices.ts'
import { readConfig } from '../config.ts'
import { PLACES, type Places, placeVariable } from '../names.ts'
import { CloudWatchJournal } from './journal.ts'

/** What both functions are wired with, once for each start of a function. */
export interface Wired extends DeployedFence {
  readonly logger: Logger
  readonly metrics: Metrics
  readonly journal: CloudWatchJournal
  readonly clock: () => number
  readonly sqs: ReturnType<typeof awsClients>['sqs']
  readonly sns: ReturnType<typeof awsClients>['sns']
}

/** A call that hangs must leave a round time to say so, and to be tried again. */
const PATIENCE = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true } as const

/** Reads the settings that were deployed beside the code, and from the environment where the fence's parts are. */
export function wire(): Wired {
  const clock = () => Date.now()
  const settings = readFileSync(new URL('settings.json', import.meta.url), 'utf8')
  const fence = readConfig('settings.json', settings).fences[0]!
  const clients = awsClients({ requestHandler: PATIENCE })
  const table = variable('SIPFENCE_TABLE')
  const deployed = openFence(
    { fence, table, reconcileQueueUrl: variable('SIPFENCE_RECONCILE_QUEUE_URL'), places: places() },
    clients,
    clock,
  )
  const logger = new Logger()
  const metrics = new Metrics()
  // One series for each figure, whichever function gives it: the name of the function is no dimension.
  metrics.clearDefaultDimensions()
  metrics.setDefaultDimensions({ fence: fence.id })
  const { state } = deployed
  const journal = new CloudWatchJournal({ logger, metrics, state, clock })
  return { ...deployed, logger, metrics, journal, clock, sqs: clients.sqs, sns: clients.sns }
}

/** The topic by which people are told; only the function that rounds run in knows it. */
export function openNotices({ sns }: Wired): Notices {
  return new Notices({ sns, topicArn: variable('SIPFENCE_TOPIC_ARN') })
}

function variable(name: string): string {
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  throw new Error(`Cannot start: the environment variable ${name} is not set; the stack sets it`)
}

/** What the stack made for the tiers; which there are, the settings say. */
function places(): Places {
  return Object.fromEntries(
    PLACES.flatMap((place) => {
      const value = process.env[placeVariable(place)]
      return value === undefined || value === '' ? [] : [[place, value]]
    }),
  )
}
