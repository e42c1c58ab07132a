using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace SharpPcap.LibPcap;

/// <summary>pcap(3PCAP).</summary>
internal static unsafe partial class Native
{
    /// <summary>PCAP_ERRBUF_SIZE.</summary>
    public const int ErrorBufferBytes = 256;

    private const string Library = "libpcap";

    // Debian's library is libpcap.so.0.8; other distributions' is libpcap.so.1. libpcap.so comes with the development packages only.
    private static readonly string[] FileNames = ["libpcap.so.0.8", "libpcap.so.1", "libpcap.so"];

    static Native() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name == Library)
        {
            foreach (var fileName in FileNames)
            {
                if (NativeLibrary.TryLoad(fileName, assembly, path, out var library))
                {
                    return library;
                }
            }
        }

        return 0;
    }

    [LibraryImport(Library)]
    public static partial nint pcap_lib_version();

    [LibraryImport(Library)]
    public static partial int pcap_findalldevs(PcapIf** devices, byte* error);

    [LibraryImport(Library)]
    public static partial void pcap_freealldevs(PcapIf* devices);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial PcapHandle pcap_create(string device, byte* error);

    [LibraryImport(Library)]
    public static partial int pcap_set_snaplen(PcapHandle handle, int bytes);

    [LibraryImport(Library)]
    public static partial int pcap_set_promisc(PcapHandle handle, int on);

    [LibraryImport(Library)]
    public static partial int pcap_set_timeout(PcapHandle handle, int milliseconds);

    [LibraryImport(Library)]
    public static partial int pcap_set_buffer_size(PcapHandle handle, int bytes);

    [LibraryImport(Library)]
    public static partial int pcap_set_immediate_mode(PcapHandle handle, int on);

    [LibraryImport(Library)]
    public static partial int pcap_activate(PcapHandle handle);

    [LibraryImport(Library)]
    public static partial void pcap_close(nint handle);

    [LibraryImport(Library)]
    public static partial int pcap_setnonblock(PcapHandle handle, int on, byte* error);

    [LibraryImport(Library)]
    public static partial int pcap_getnonblock(PcapHandle handle, byte* error);

    [LibraryImport(Library)]
    public static partial int pcap_next_ex(PcapHandle handle, ref nint header, ref nint data);

    [LibraryImport(Library)]
    public static partial int pcap_datalink(PcapHandle handle);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int pcap_compile(PcapHandle handle, BpfProgram* program, string filter, int optimize, uint netmask);

    [LibraryImport(Library)]
    public static partial int pcap_setfilter(PcapHandle handle, BpfProgram* program);

    [LibraryImport(Library)]
    public static partial void pcap_freecode(BpfProgram* program);

    [LibraryImport(Library)]
    public static partial int pcap_sendpacket(PcapHandle handle, byte* data, int length);

    [LibraryImport(Library)]
    public static partial nint pcap_geterr(PcapHandle handle);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial PcapHandle pcap_open_offline(string file, byte* error);

    [LibraryImport(Library)]
    public static partial PcapHandle pcap_open_dead(int linkType, int snaplen);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint pcap_dump_open(PcapHandle handle, string file);

    [LibraryImport(Library)]
    public static partial void pcap_dump(nint dumper, PacketHeader* header, byte* data);

    [LibraryImport(Library)]
    public static partial void pcap_dump_close(nint dumper);

    public static string Text(byte* error) => Marshal.PtrToStringUTF8((nint)error);

    /// <summary>struct pcap_if, as far as we read it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PcapIf
    {
        public PcapIf* Next;
        public byte* Name;
        public byte* Description;
        public nint Addresses;
        public uint Flags;
    }

    /// <summary>struct pcap_pkthdr; its time is a struct timeval: two words of the machine.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PacketHeader
    {
        public nint Seconds;
        public nint Microseconds;
        public uint CaptureLength;
        public uint PacketLength;
    }

    /// <summary>struct bpf_program.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct BpfProgram
    {
        public uint Length;
        public nint Instructions;
    }
}
