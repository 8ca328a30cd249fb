import { type Message, SQS } from '@aws-sdk/client-sqs'
import { EventSource, type Mapping } from './event-source.ts'
import type { FunctionSpec } from './function-process.ts'
import { LocalLambda } from './local-lambda.ts'

export type FunctionId = 'Analyze' | 'Reconcile'

/** A message that the fence's schedule sends each minute. */
export interface ScheduledMessage {
  readonly queueUrl: string
  readonly groupId: string
  /** @param at of the event, as EventBridge says it: ISO 8601 in whole seconds */
  body(at: string): string
}

/** A deployed fence, as far as something of it has to run. */
export interface Deployed {
  readonly functions: Readonly<Record<FunctionId, FunctionSpec>>
  readonly mappings: Readonly<Record<FunctionId, Mapping>>
  readonly schedule: ScheduledMessage
  /** Whose queues they are. */
  readonly client: {
    readonly endpoint: string
    readonly region: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  }
}

export interface RunOptions {
  /** The SenderId of a message, where it is not what the queue says. */
  readonly senderOf?: (message: Message) => string
  /** Both functions unless said. */
  readonly only?: readonly FunctionId[]
}

/** What AWS Lambda, its event source mappings and EventBridge do with a deployed fence, until it is stopped. */
export interface RunningFence {
  readonly functions: Readonly<Record<FunctionId, LocalLambda>>
  /** What the schedule does each minute. */
  tick(): Promise<void>
  stop(): Promise<void>
}

export function runFence(deployed: Deployed, options: RunOptions = {}): RunningFence {
  const { senderOf, only = ['Analyze', 'Reconcile'] } = options
  const sqs = new SQS({ ...deployed.client, useQueueUrlAsEndpoint: false })
  const { Analyze, Reconcile } = deployed.functions
  let minutes = 0
  const functions = { Analyze: new LocalLambda(Analyze), Reconcile: new LocalLambda(Reconcile) }
  const sources = only.map((id) => {
    const invoke = (event: object) => functions[id].invoke(event)
    return new EventSource(deployed.mappings[id], { sqs, invoke, senderOf })
  })
  return {
    functions,
    tick: () => tick(sqs, deployed.schedule, ++minutes),
    async stop() {
      await Promise.all(sources.map((source) => source.stop()))
      await Promise.all(Object.values(functions).map((each) => each.stop()))
      sqs.destroy()
    },
  }
}

/** Events of the schedule are a minute apart; two of one second would be one to the queue. */
async function tick(sqs: SQS, { queueUrl, groupId, body }: ScheduledMessage, minutes: number): Promise<void> {
  const at = `${new Date(Date.now() + minutes * 60_000).toISOString().slice(0, 19)}Z`
  await sqs.sendMessage({ QueueUrl: queueUrl, MessageGroupId: groupId, MessageBody: body(at) })
}
