/** A few lines of policy for each resource type, for `chorus docs TYPE`. A test compiles them. */
export const TYPE_EXAMPLES: Readonly<Record<string, string>> = {
  file: `resources:
  file/motd: { path: /etc/motd, content: "Welcome to \${node.name}\\n", mode: "0644" }
  file/conf: { path: /etc/app.d, directory: true, source: files/app.d, purge: true }
  file/old:  { path: /etc/app.conf, absent: true }
`,
  exec: `resources:
  file/rules: { path: /etc/app/rules, content: "allow\\n", notify: [exec/reload] }
  exec/setup: { argv: [/usr/sbin/app, init], creates: /var/lib/app }
  exec/reload: { argv: [/usr/sbin/app, reload], notifyOnly: true }
`,
  assert: `resources:
  assert/debian: { that: "\${facts.os.id == 'debian'}", message: this policy is for Debian }
  file/sources: { path: /etc/apt/sources.list, content: "", require: [assert/debian] }
`,
  package: `resources:
  package/nginx: {}
  package/tools: { names: [curl, jq], recommends: false }
  package/kernel: { names: [linux-image-amd64], version: "6.1.99-1", hold: true }
  package/telnetd: { state: absent, purge: true }
`,
  service: `resources:
  file/conf: { path: /etc/nginx/nginx.conf, content: "...", notify: [service/nginx] }
  service/nginx: { state: running, enabled: true, onNotify: reload }
  service/ssh: { state: running, package: openssh-server }
  service/telnet: { unit: telnet.socket, state: stopped, enabled: false, masked: true }
`,
  user: `vars: { hash: "$6$salt$hash" }
resources:
  user/alice: { groups: [adm], shell: /bin/bash, comment: Alice Ames, password: "\${vars.hash}" }
  user/deploy: { system: true, home: /srv/deploy, createHome: true, locked: true }
  user/others: { purge: { from: 1000, to: 59999, except: [admin] } }
`,
  group: `resources:
  group/web: { gid: 2000, members: [alice], exclusive: true }
  user/alice: {}
`,
  ssh_keys: `resources:
  user/alice: {}
  ssh_keys/alice:
    keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice@laptop"]
    exclusive: true
`,
  repository: `vars: { key: "-----BEGIN PGP PUBLIC KEY BLOCK-----" }
resources:
  repository/app: { uri: "https://deb.example.org/app", suite: bookworm, components: [main], key: "\${vars.key}" }
  repository/local: { uri: "file:/srv/repo", suite: ./, unsigned: true }
  package/app: {}
`,
  cron: `resources:
  cron/backup: { schedule: "15 3 * * *", argv: [/usr/local/bin/backup, --all], user: backup, env: { MAILTO: ops@example.org } }
  user/backup: { system: true }
`,
  timer: `resources:
  timer/backup: { schedule: "*-*-* 03:15", argv: [/usr/local/bin/backup, --all], persistent: true, randomDelay: 30m }
`,
  git: `resources:
  package/git: {}
  git/site: { repository: "https://git.example.org/site.git", commit: 0123456789abcdef0123456789abcdef01234567, path: /srv/site }
`,
  mount: `resources:
  mount/data: { path: /data, device: UUID=6f1c-22aa, type: ext4, options: [noatime, nofail] }
  mount/scratch: { path: /scratch, device: tmpfs, type: tmpfs, options: [size=64m] }
`,
  sysctl: `resources:
  sysctl/net.ipv4.ip_forward: { value: 1 }
  sysctl/vm.swappiness: { value: 10 }
`,
  hostname: `resources:
  hostname/name: { hostname: "\${node.name}" }
`,
  kernel_module: `resources:
  kernel_module/br_netfilter: {}
  kernel_module/usb-storage: { state: absent }
`,
  host_entry: `resources:
  host_entry/db: { ip: 10.0.0.5, aliases: [db.example.org] }
  host_entry/old: { state: absent }
`,
  archive: `resources:
  archive/app:
    url: "https://example.org/app-1.10.tar.gz"
    checksum: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    path: /srv/app/1.10
    strip: 1
    keep: 3
  file/current: { path: /srv/app/current, link: /srv/app/1.10, require: [archive/app] }
`,
  download: `resources:
  download/tool:
    url: "https://example.org/tool"
    checksum: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    path: /usr/local/bin/tool
    mode: "0755"
`,
  check: `resources:
  service/nginx: { state: running }
  check/site: { http: "http://127.0.0.1/", grace: 10s, require: [service/nginx] }
  check/db: { tcp: "db.example.org:5432", retries: 5, interval: 3s }
`,
  process: `resources:
  process/worker:
    argv: [/srv/worker/bin/worker, --port, "9000"]
    user: worker
    liveness: { tcp: "127.0.0.1:9000", interval: 10s, failures: 3 }
    stopSignal: SIGINT
    grace: 30s
  user/worker: { system: true }
`,
}
