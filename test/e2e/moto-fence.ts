import { Lambda } from '@aws-sdk/client-lambda'
import { SQS } from '@aws-sdk/client-sqs'
import type { Cdk, Outputs } from './cdk.ts'
import type { Mapping } from './event-source.ts'
import type { FunctionSpec } from './function-process.ts'
import type { MotoAccount } from './moto.ts'
import type { Deployed, FunctionId } from './running-fence.ts'
import { StackTemplate, scheduleOf } from './template.ts'

/**
 * A fence that the CDK command line has deployed on moto, as Lambda's API tells of it; the code is what CDK uploaded.
 * Its event source mappings are disabled, because moto would take their messages and run nothing.
 */
export async function deployedFence(
  moto: MotoAccount,
  cdk: Cdk,
  fence: string,
  outputs: NonNullable<Outputs[string]>,
): Promise<Deployed> {
  const template = new StackTemplate(cdk.assembly, fence)
  const lambda = new Lambda(moto.client)
  const names = { Analyze: outputs['AnalyzeFunction']!, Reconcile: outputs['ReconcileFunction']! }
  const functions = {
    Analyze: await specOf(lambda, names.Analyze, template.codeOf('Analyze'), moto.environment),
    Reconcile: await specOf(lambda, names.Reconcile, template.codeOf('Reconcile'), moto.environment),
  }
  const mappings = await takenOver(lambda, new SQS(moto.client), names)
  return {
    functions,
    mappings,
    schedule: scheduleOf(template, mappings.Reconcile.queueUrl),
    client: moto.client,
  }
}

async function specOf(
  lambda: Lambda,
  name: string,
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<FunctionSpec> {
  const configuration = await lambda.getFunctionConfiguration({ FunctionName: name })
  return {
    name,
    folder,
    handler: configuration.Handler!,
    timeoutSeconds: configuration.Timeout!,
    memoryMegabytes: configuration.MemorySize!,
    environment: { ...environment, ...configuration.Environment!.Variables },
  }
}

/**
 * A poll of moto's that began before a message of the group was received gives out the next one of the group while
 * that is at work, which FIFO queues never do; with one poll at a time there is none.
 */
const MOTO_UNLIMITED = 1

async function takenOver(
  lambda: Lambda,
  sqs: SQS,
  names: Readonly<Record<FunctionId, string>>,
): Promise<Record<FunctionId, Mapping>> {
  async function mappingOf(name: string): Promise<Mapping> {
    const { EventSourceMappings } = await lambda.listEventSourceMappings({ FunctionName: name })
    const [mapping] = EventSourceMappings!
    await lambda.updateEventSourceMapping({ UUID: mapping!.UUID, Enabled: false })
    const queueArn = mapping!.EventSourceArn!
    const { QueueUrl } = await sqs.getQueueUrl({ QueueName: queueArn.split(':').at(-1) })
    return {
      queueUrl: QueueUrl!,
      queueArn,
      batchSize: mapping!.BatchSize!,
      reportsFailures: mapping!.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
      maximumConcurrency: mapping!.ScalingConfig?.MaximumConcurrency ?? MOTO_UNLIMITED,
    }
  }
  return { Analyze: await mappingOf(names.Analyze), Reconcile: await mappingOf(names.Reconcile) }
}
