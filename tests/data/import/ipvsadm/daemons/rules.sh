ipvsadm --start-daemon master --mcast-interface eth2 --syncid 51
ipvsadm --start-daemon backup --mcast-interface=eth2 --syncid 52 --mcast-group 224.0.0.82 --sync-maxlen 9000
ipvsadm --stop-daemon master
