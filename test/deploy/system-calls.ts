import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The named groups of system calls, as this machine's systemd has them; a group may hold others. */
function readGroups(): ReadonlyMap<string, readonly string[]> {
  const text = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const groups = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('@')) {
      current = [];
      groups.set(line.trim(), current);
    }
    const member = /^ {4}(@?[\w-]+)$/.exec(line)?.[1];
    if (member !== undefined) current.push(member);
  }
  return groups;
}

/** The calls that `SystemCallFilter=` lines allow together, the first being a list of what is allowed. */
export function allowedCalls(filters: readonly string[]): ReadonlySet<string> {
  const groups = readGroups();
  const expand = (name: string): readonly string[] =>
    name.startsWith('@') ? (groups.get(name) ?? [`unknown group ${name}`]).flatMap(expand) : [name];
  // what a process needs to begin and to end is always allowed
  const allowed = new Set(expand('@default'));
  for (const filter of filters) {
    const isDenied = filter.startsWith('~');
    for (const call of filter.replace('~', '').split(/\s+/).flatMap(expand)) {
      if (isDenied) allowed.delete(call);
      else allowed.add(call);
    }
  }
  return allowed;
}

/** What a call that isn't allowed meets. */
export type Verdict = 'SECCOMP_RET_ERRNO | EPERM' | 'SECCOMP_RET_KILL_PROCESS';

/**
 * Builds a program that becomes another one under such a filter, as systemd would start it: it stands in for systemd,
 * which doesn't run where tests do.
 * @param families kinds of sockets that may be made, as `RestrictAddressFamilies=` names them
 * @returns its path
 */
export function buildFilter(
  directory: string,
  calls: ReadonlySet<string>,
  families: readonly string[],
  verdict: Verdict,
): string {
  const source = join(directory, 'filter.c');
  const program = join(directory, 'filter');
  writeFileSync(source, sourceOf(calls, families, verdict));
  execFileSync('cc', ['-O1', '-o', program, source], { stdio: 'pipe' });
  return program;
}

const sourceOf = (calls: ReadonlySet<string>, families: readonly string[], verdict: Verdict) => `
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
#define WHEN(value, what) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), RETURN(what)
static struct sock_filter code[] = {
  LOAD(nr),
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, ${2 + 2 * families.length}),
  LOAD(args[0]),
  ${families.map((family) => `WHEN(${family}, SECCOMP_RET_ALLOW),`).join('\n  ')}
  RETURN(SECCOMP_RET_ERRNO | EAFNOSUPPORT),
${[...calls].map((call) => `#ifdef SYS_${call}\n  WHEN(SYS_${call}, SECCOMP_RET_ALLOW),\n#endif`).join('\n')}
  RETURN(${verdict}),
};
int main(int argc, char **argv) {
  struct sock_fprog program = { sizeof code / sizeof *code, code };
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
    perror("seccomp");
    return 125;
  }
  execv(argv[1], argv + 1);
  perror(argv[1]);
  return 126;
}
`;
