#!/bin/bash
# Makes what the scenes of policies/testing/transcripts.ts need inside of a root file system: repositories with two tiny
# packages, and services. Usage: stage.sh prepare dnf|pacman|openrc | newer dnf|pacman
set -e
rpm_of() { # name version release epoch
  mkdir -p /srv/rpm /tmp/rpm
  {
    printf 'Name: %s\nVersion: %s\nRelease: %s\nEpoch: %s\n' "$1" "$2" "$3" "$4"
    printf 'Summary: test\nLicense: none\nBuildArch: noarch\n%%description\ntest\n%%install\n'
    printf 'mkdir -p %%{buildroot}/usr/share/%s\necho %s > %%{buildroot}/usr/share/%s/version\n' "$1" "$2" "$1"
    printf '%%files\n/usr/share/%s\n' "$1"
  } > "/tmp/rpm/$1.spec"
  rpmbuild -bb --quiet --define '_rpmdir /srv/rpm' --define '_topdir /tmp/rpm' "/tmp/rpm/$1.spec"
  createrepo_c -q /srv/rpm
}
pacman_of() { # name version
  local root="/tmp/pac/$1"
  rm -rf "$root" && mkdir -p "$root/usr/share/$1" /srv/pac
  echo "$2" > "$root/usr/share/$1/version"
  printf '%s = %s\n' pkgname "$1" pkgbase "$1" pkgver "$2" pkgdesc test url http://localhost builddate 1700000000 \
    packager test size 10 arch any license none > "$root/.PKGINFO"
  (cd "$root" && bsdtar -czf .MTREE --format=mtree .PKGINFO usr && bsdtar -czf "/srv/pac/$1-$2-any.pkg.tar.gz" .PKGINFO .MTREE usr)
  repo-add -q /srv/pac/test.db.tar.gz "/srv/pac/$1-$2-any.pkg.tar.gz"
}
# Otherwise this is a Debian host, and its own tools are asked.
rm -f /usr/bin/apt-get
case "$1 $2" in
'prepare dnf')
  mkdir -p /etc/yum.repos.d /etc/dnf/vars
  printf '[test]\nname=test\nbaseurl=file:///srv/rpm\ngpgcheck=0\n' > /etc/yum.repos.d/test.repo
  echo 1 > /etc/dnf/vars/releasever
  rpm_of testweb 1.0 1 2
  rpm_of testlib 3.1 2 0
  ;;
'prepare pacman')
  rm /usr/bin/dnf
  printf '[options]\nArchitecture = auto\nSigLevel = Never\n[test]\nServer = file:///srv/pac\n' > /etc/pacman.conf
  pacman_of testweb 2:1.0-1
  pacman_of testlib 3.1-2
  ;;
'prepare openrc')
  # OpenRC takes its host for one that it has booted.
  mkdir -p /run/openrc/{daemons,exclusive,failed,hotplugged,inactive,options,scheduled,started,starting,stopping,tmp,wasinactive}
  echo default > /run/openrc/softlevel
  printf '#!/sbin/openrc-run\ncommand=/bin/sleep\ncommand_args=100000\ncommand_background=yes\npidfile=/run/testsvc.pid\n' \
    > /etc/init.d/testsvc
  printf '#!/sbin/openrc-run\nstart() { eerror "no configuration"; return 1; }\n' > /etc/init.d/broken
  chmod +x /etc/init.d/testsvc /etc/init.d/broken
  ;;
# The index that is there is older than a second then.
'newer dnf') rpm_of testweb 1.1 1 2 && sleep 1.1 ;;
'newer pacman') pacman_of testweb 2:1.1-1 && sleep 1.1 ;;
esac
