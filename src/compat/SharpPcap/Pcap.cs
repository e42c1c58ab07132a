using System.Runtime.InteropServices;

namespace SharpPcap;

public class Pcap
{
    /// <summary>libpcap's own words, for example "libpcap version 1.10.3 (with TPACKET_V3)".</summary>
    public static string Version => Marshal.PtrToStringUTF8(LibPcap.Native.pcap_lib_version());
}
