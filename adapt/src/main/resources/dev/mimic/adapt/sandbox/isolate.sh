# Builds a root folder of its own and runs a command in it; started by PythonSandbox in new mount, network, process and IPC
# namespaces. Arguments: a folder to build in, bytes of the temporary folder, "drop" or "keep" rights, the folders and files
# to show (read-only), "--", the command.
set -e
root=$1 bytes=$2 rights=$3
shift 3
umask 022
mount -t tmpfs -o mode=755,size=1m,nr_inodes=2000 tmpfs "$root"
cd "$root"
while [ "$1" != -- ]; do
    if [ -L "$1" ]; then
        mkdir -p ".${1%/*}"
        ln -s "$(readlink "$1")" ".$1"
    elif [ -d "$1" ]; then
        mkdir -p ".$1"
        mount --bind "$1" ".$1"
        mount -o remount,bind,ro,nosuid,nodev ".$1"
    elif [ -e "$1" ]; then
        mkdir -p ".${1%/*}"
        : >".$1"
        mount --bind "$1" ".$1"
        case $1 in
            /dev/*) ;;
            *) mount -o remount,bind,ro,nosuid,nodev ".$1" ;;
        esac
    fi
    shift
done
shift
mkdir -p tmp old
mount -t tmpfs -o "mode=1777,size=$bytes,nr_inodes=1000,nosuid,nodev" tmpfs tmp
pivot_root . old
cd /
ln -s old/proc proc # umount looks its target up there; the sandbox itself has no /proc
umount -l /old
rm proc
rmdir old
mount -o remount,bind,ro /
cd /tmp
# this shell stays, as the first process of the namespace: it has the signal for the death of its parent, which a process
# that gives up its rights loses, and everything inside ends with it
if [ "$rights" = drop ]; then
    set -- setpriv --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
fi
set +e
"$@"
exit $?
