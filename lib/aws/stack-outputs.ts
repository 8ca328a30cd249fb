import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation'
import { outputDescription, PLACES, type Places } from '../names.ts'
import { failureOf } from './aws-errors.ts'
import type { ClientSettings } from './deployed-fence.ts'

/** Where a fence's parts are, as its stack tells. */
export interface StackOutputs {
  /** Name of the ledger's table. */
  readonly table: string
  readonly reportsQueueUrl: string
  readonly reportsDeadQueueUrl: string
  readonly reconcileQueueUrl: string
  readonly topicArn: string
  /** What there is for the tiers. */
  readonly places: Places
}

export interface StackOfFence {
  readonly fence: string
  readonly region: string
  /** Where the settings say it is; undefined where they leave it to the credentials. */
  readonly account: string | undefined
  /** The stack that the fence is a part of. */
  readonly stack: string
}

/** Reads the outputs of the fence's stack. Throws what to do where there is no stack, or none that is complete. */
export async function stackOutputs(
  { fence, region, account, stack: name }: StackOfFence,
  settings: ClientSettings = {},
): Promise<StackOutputs> {
  const stack = await describeStack(name, { ...settings, region })
  if (stack === undefined) {
    const whose = account === undefined ? 'the account of these credentials' : `account ${account}`
    throw new Error(
      `Cannot find stack ${name} in ${region}: there is none; deploy it (npx cdk deploy ${name}), or check that ${region} and ${whose} are where it is`,
    )
  }
  const found = stack.StackId?.split(':')[4]
  if (account !== undefined && found !== account) {
    throw new Error(
      `Cannot use stack ${name}: these credentials are of account ${found}, and the settings say ${account}; use credentials of that one`,
    )
  }
  return outputsOf(name, fence, stack)
}

async function describeStack(name: string, settings: ClientSettings): Promise<Stack | undefined> {
  const client = new CloudFormationClient({ ...settings })
  try {
    return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0]
  } catch (error) {
    // CloudFormation has no code for it but its words (DescribeStacks: "a ValidationError is returned").
    if (failureOf(error) === 'refused' && (error as Error).message.includes('does not exist'))
      return undefined
    throw error
  } finally {
    client.destroy()
  }
}

function outputsOf(name: string, fence: string, { Outputs = [], StackStatus }: Stack): StackOutputs {
  // By description first: a stack may hold several fences, and one of them may have the plain names.
  const valueIn = (key: string) =>
    (
      Outputs.find(({ Description }) => Description === outputDescription(fence, key)) ??
      Outputs.find(({ OutputKey, Description }) => OutputKey === key && Description === undefined)
    )?.OutputValue
  const output = (key: string): string => {
    const value = valueIn(key)
    if (value !== undefined) return value
    throw new Error(
      `Cannot use stack ${name}: it has no output ${key} and is ${StackStatus}; wait until a deployment is over, or deploy it again (npx cdk deploy ${name})`,
    )
  }
  return {
    table: output('LedgerTable'),
    reportsQueueUrl: output('ReportsQueueUrl'),
    reportsDeadQueueUrl: output('ReportsDeadQueueUrl'),
    reconcileQueueUrl: output('ReconcileQueueUrl'),
    topicArn: output('TopicArn'),
    places: Object.fromEntries(
      PLACES.flatMap((place) => {
        const value = valueIn(place)
        return value === undefined ? [] : [[place, value]]
      }),
    ),
  }
}
