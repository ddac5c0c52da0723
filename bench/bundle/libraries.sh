#!/usr/bin/env bash
# bench/bundle/libraries.sh FOLDER: puts shared libraries there that a bare machine may lack, each used only where there is no other:
# the Vulkan loader; X11's clients, which NVIDIA's driver is linked against; C++'s, which Node and Dawn are.
set -euo pipefail

mkdir -p "$1"
folder=$(cd "$1" && pwd)
command -v apt-get >/dev/null || { echo 'apt-get is missing: a bundle is made on Debian or Ubuntu' >&2; exit 1; }
debs=$(mktemp -d)
trap 'rm -rf "$debs"' EXIT
cd "$debs"
apt-get -qq -o APT::Sandbox::User=root download libvulkan1 libx11-6 libxext6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0 libstdc++6 libgcc-s1
for deb in *.deb; do dpkg-deb -x "$deb" root; done
for name in libvulkan.so.1 libX11.so.6 libXext.so.6 libxcb.so.1 libXau.so.6 libXdmcp.so.6 libbsd.so.0 libmd.so.0 libstdc++.so.6 libgcc_s.so.1; do
  cp -L "$(find root -name "$name" | head -n 1)" "$folder/$name"
done
