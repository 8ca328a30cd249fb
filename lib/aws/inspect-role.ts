import { GetInstanceProfileCommand, type IAMClient } from '@aws-sdk/client-iam'

/** Name of the role in an instance profile, which holds one at most; null where it holds none. */
export async function inspectRole(iam: IAMClient, profile: string): Promise<string | null> {
  const command = new GetInstanceProfileCommand({ InstanceProfileName: profile })
  const { InstanceProfile } = await iam.send(command)
  if (InstanceProfile === undefined)
    throw new Error(`Cannot read instance profile ${profile}: IAM answered without it`)
  return InstanceProfile.Roles?.[0]?.RoleName ?? null
}
