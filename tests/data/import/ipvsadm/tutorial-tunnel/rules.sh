ipvsadm -A -t 172.17.60.201:80
ipvsadm -a -t 172.17.60.201:80 -r 172.17.60.199:80 -i
ipvsadm -a -t 172.17.60.201:80 -r 172.17.60.200:80 -i
ipvsadm --start-daemon master
