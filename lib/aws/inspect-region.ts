import { EC2Client } from '@aws-sdk/client-ec2'

const ENDPOINT = 'http://169.254.169.254'
const TIMEOUT_MS = 1_000

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The region that AWS's own configuration names (AWS_REGION, or the profile's), else the one of the instance that this runs
 * on, by its metadata (version 2 only). Undefined where neither tells.
 */
export async function regionHere(env: Environment = process.env): Promise<string | undefined> {
  const client = new EC2Client({})
  try {
    return await client.config.region()
  } catch {
    return await ownRegion(env)
  } finally {
    client.destroy()
  }
}

async function ownRegion(env: Environment): Promise<string | undefined> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined
  const endpoint = (env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || ENDPOINT).replace(/\/+$/, '')
  try {
    const token = await ask(`${endpoint}/latest/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    })
    const headers = { 'x-aws-ec2-metadata-token': token }
    const region = await ask(`${endpoint}/latest/meta-data/placement/region`, { headers })
    return /^[a-z]{2,}(-[a-z]+)+-\d{1,2}$/.test(region) ? region : undefined
  } catch {
    return undefined
  }
}

async function ask(url: string, request: RequestInit): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetch(url, { ...request, redirect: 'error', signal })
  const text = await response.text()
  if (response.ok) return text.trim()
  throw new Error(`it answered with status ${response.status}`)
}
