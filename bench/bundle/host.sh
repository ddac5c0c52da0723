# Sourced by run-there.sh: unpacks the bundle to $home once, and finds what the machine has of libraries and drivers.

# A packed file to the standard output: by xz, or by Python where there is none.
unpacked() {
  if command -v xz >/dev/null; then xz -dc "$1"; else
    python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer, 1 << 20)' "$1"
  fi
}

# Node and the project; again where the bundle is another one.
unpack_programs() {
  local sum
  sum=$(cksum <"$here/app.tar.xz")
  [[ $(cat "$home/unpacked" 2>/dev/null) != "$sum" ]] || return 0
  rm -rf "${home:?}"/{bin,project,lib,extra,cifar10,unpacked}
  mkdir -p "$home/bin" || return 1
  unpacked "$here/node.xz" >"$home/bin/node" && chmod +x "$home/bin/node" || return 1
  unpacked "$here/app.tar.xz" | tar -C "$home" --no-same-owner -xf - || return 1
  echo "$sum" >"$home/unpacked"
}

unpack_images() {
  local file packed=$home/tmp/packed
  if [[ -d $home/cifar10 || ! -f $here/test_batch.bin.packed.xz ]]; then return 0; fi
  mkdir -p "$packed" || return 1
  for file in "$here"/*.packed.xz; do
    unpacked "$file" >"$packed/$(basename "$file" .xz)" || return 1
  done
  "$home/bin/node" "$home/project/.cache/programs/bench/bundle/images.js" unpack "$packed" "$home/cifar10.part" || return 1
  rm -r "$packed"
  mv "$home/cifar10.part" "$home/cifar10"
}

has_library() {
  local folder
  if ldconfig -p 2>/dev/null | grep -q "[[:space:]]$1 "; then return 0; fi
  for folder in /lib /usr/lib /lib64 /usr/lib64 /lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu /usr/local/lib /usr/local/nvidia/lib64; do
    [[ ! -e $folder/$1 ]] || return 0
  done
  return 1
}

# What the machine lacks of the libraries goes into one folder of the linker's path, and nothing else: its own come first.
use_libraries() {
  local file
  mkdir -p "$home/extra"
  for file in "$home"/lib/*; do
    has_library "$(basename "$file")" || cp "$file" "$home/extra/"
  done
  [[ -z $(ls "$home/extra") ]] || export LD_LIBRARY_PATH=$home/extra${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}

# The manifest of NVIDIA's driver, which containers often lack, or have where the loader does not look; what is chosen already stays.
use_driver() {
  [[ -z ${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-} ]] || return 0
  local file folder
  for file in /usr/local/nvidia/share/vulkan/icd.d/nvidia_icd*.json /usr/share/vulkan/icd.d/nvidia_icd*.json /etc/vulkan/icd.d/nvidia_icd*.json; do
    if [[ -f $file ]]; then export VK_DRIVER_FILES=$file; break; fi
  done
  for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
    if [[ -e $folder/libGLX_nvidia.so.0 ]]; then export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder; fi
  done
  [[ -z ${VK_DRIVER_FILES:-} && -e /dev/nvidiactl ]] || return 0
  file=$(find / -xdev \( -name libGLX_nvidia.so.0 -o -name libEGL_nvidia.so.0 \) 2>/dev/null | sort -r | head -n 1)
  [[ -n $file ]] || return 0
  printf '{"file_format_version":"1.0.1","ICD":{"library_path":"%s","api_version":"1.3.0"}}\n' "$file" >"$home/nvidia_icd.json"
  export VK_DRIVER_FILES=$home/nvidia_icd.json
}
