import { awsClients, type DeployedFence, openFence } from '../../lib/aws/deployed-fence.ts'
import { defaultFence, type FenceConfig } from '../../lib/config.ts'
import type { Places } from '../../lib/names.ts'
import type { Fault } from './faults.ts'
import { type LocalAws, type LocalAwsOptions, startLocalAws } from './local-aws.ts'

export const ACL = 'acl-00000000000000000'
export const RECONCILE_QUEUE = 'sipfence-f-reconcile.fifo'
export const TABLE = 'ledger'

/** The fence of an account: observed hosts `h` and `i`, one network ACL, in enforce. */
export const FENCE: FenceConfig = {
  ...defaultFence('f'),
  mode: 'enforce',
  networkAcls: [{ id: ACL, firstRule: 20, lastRule: 79 }],
  learningSeconds: 0,
}

export interface FenceAccount extends DeployedFence {
  readonly aws: LocalAws
  /** Milliseconds since 1970: the account's clock and the fence's. */
  now: number
  /** Another start of the same fence: a new process with nothing in memory. */
  restart(attempts?: number, settings?: FenceConfig): DeployedFence
  stop(): Promise<void>
}

export interface AccountOptions extends LocalAwsOptions {
  readonly fence?: FenceConfig
  /** What the account has for tiers beside network ACLs. */
  readonly places?: Places
}

/** A fence in an account on loopback, with its table, queue and ACL, and the real SDK in between. */
export async function openFenceAccount(
  { fence = FENCE, places = {}, ...options }: AccountOptions = {},
  now = 1_800_000_000_000,
): Promise<FenceAccount> {
  const account = { now }
  const clock = () => account.now
  const wait = async (ms: number) => {
    account.now += ms
  }
  const aws = await startLocalAws({
    tables: [TABLE],
    queues: [
      {
        name: RECONCILE_QUEUE,
        visibilitySeconds: 35,
        retentionSeconds: 120,
        contentBasedDeduplication: true,
      },
    ],
    now: clock,
    ...options,
  })
  const started: ReturnType<typeof awsClients>[] = []
  function restart(maxAttempts?: number, settings = fence): DeployedFence {
    const clients = awsClients(aws.client, maxAttempts)
    started.push(clients)
    const reconcileQueueUrl = aws.queue(RECONCILE_QUEUE).url
    return openFence({ fence: settings, table: TABLE, reconcileQueueUrl, places }, clients, clock, wait)
  }
  async function stop(): Promise<void> {
    for (const clients of started) for (const client of Object.values(clients)) client.destroy()
    await aws.stop()
  }
  return Object.assign(account, restart(1), { aws, restart, stop })
}

const FAULTS: readonly Fault[] = [
  { kind: 'before' },
  { kind: 'before', drop: true },
  { kind: 'after' },
  { kind: 'lost' },
  { kind: 'throttle' },
]

/** One of the faults that a call can meet with, but for latency, which changes nothing but time. */
export function anyFault(random: () => number): Fault {
  return FAULTS[Math.floor(random() * FAULTS.length)]!
}
