ip link set eth0 down
ip link set eth0 address 00:50:56:14:03:40
ip link set eth0 up
route add default via 172.16.0.254
ip addr add dev eth0 192.168.20.40/24 broadcast 255.255.255.0
iptables -F
iptables -A INPUT -d 172.17.60.201 -p tcp -m saru --id 1 -j ACCEPT
iptables -A INPUT -d 172.17.60.201 -p udp -m saru --id 1 -j ACCEPT
iptables -A INPUT -d 172.17.60.201 -p icmp -m icmp --icmp-type echo-request -m saru --id 1 --sense src-addr -j ACCEPT
iptables -A INPUT -d 172.17.60.201 -p icmp -m icmp --icmp-type ! echo-request -j ACCEPT
iptables -A INPUT -d 172.17.60.201 -j DROP
iptables -t nat -A POSTROUTING -s 192.168.6.0/24 -p tcp -m state --state NEW --tcp-flags SYN,ACK,FIN,RST SYN -m saru --id 1 -j MASQUERADE
