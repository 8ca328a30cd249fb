import { failureOf, tellError } from '../aws/aws-errors.ts'
import { inspect, inspectClients } from '../aws/inspect.ts'
import { regionHere } from '../aws/inspect-region.ts'
import type { Surroundings } from '../core/surroundings.ts'
import { isOurs } from './deployed.ts'
import { UsageError } from './usage-error.ts'

/** A person waits: rather an unknown than silence. */
const PATIENCE = { connectionTimeout: 5_000, requestTimeout: 15_000, throwOnRequestTimeout: true } as const

/** Looks at the instance and all about it, with the credentials that the AWS SDK finds. Changes nothing. */
export async function look(instance: string, named: string | undefined): Promise<Surroundings> {
  const region = named ?? (await regionHere())
  if (region === undefined)
    throw new UsageError(`Cannot look at ${instance}: it is unknown in which region; name it with --region`)
  const clients = inspectClients({ region, requestHandler: PATIENCE })
  try {
    return await inspect(instance, clients, region)
  } catch (error) {
    if (isOurs(error)) throw error
    const words = `Cannot look at ${instance} in ${region}: ${tellError(error)}${nextStep(error)}`
    throw new Error(words, { cause: error })
  } finally {
    for (const client of Object.values(clients)) client.destroy()
  }
}

function nextStep(error: unknown): string {
  switch (failureOf(error)) {
    case 'no-credentials':
      return '; log in (aws sso login, aws configure), or name a profile that is with AWS_PROFILE'
    case 'denied':
      return '; use credentials that may read (docs/init.md names the actions), AWS_PROFILE names them'
    case 'throttled':
      return '; try again in a minute'
    default:
      return '; check the id and the region (--region), and the network'
  }
}
