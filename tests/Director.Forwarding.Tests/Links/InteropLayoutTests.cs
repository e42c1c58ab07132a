using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Director.Forwarding.Links;
using Xunit;

namespace Director.Forwarding.Tests.Links;

/// <summary>Sizes and offsets as the C compiler lays out the kernel's and libpcap's structs on 64-bit Linux.</summary>
public sealed class InteropLayoutTests
{
    [Fact]
    public void Virtio_net_hdr()
    {
        AssertSize<VirtioNetHeader>(10);
        AssertOffset<VirtioNetHeader>(nameof(VirtioNetHeader.SegmentType), 1);
        AssertOffset<VirtioNetHeader>(nameof(VirtioNetHeader.HeaderLength), 2);
        AssertOffset<VirtioNetHeader>(nameof(VirtioNetHeader.SegmentSize), 4);
        AssertOffset<VirtioNetHeader>(nameof(VirtioNetHeader.ChecksumStart), 6);
        AssertOffset<VirtioNetHeader>(nameof(VirtioNetHeader.ChecksumOffset), 8);
    }

    [Fact]
    public void Mmsghdr()
    {
        AssertSize<Libc.Message>(64);
        AssertOffset<Libc.Message>(nameof(Libc.Message.NameLength), 8);
        AssertOffset<Libc.Message>(nameof(Libc.Message.Parts), 16);
        AssertOffset<Libc.Message>(nameof(Libc.Message.PartCount), 24);
        AssertOffset<Libc.Message>(nameof(Libc.Message.Control), 32);
        AssertOffset<Libc.Message>(nameof(Libc.Message.ControlLength), 40);
        AssertOffset<Libc.Message>(nameof(Libc.Message.Flags), 48);
        AssertOffset<Libc.Message>(nameof(Libc.Message.SentBytes), 56);
    }

    [Fact]
    public void Iovec()
    {
        AssertSize<Libc.Bytes>(16);
        AssertOffset<Libc.Bytes>(nameof(Libc.Bytes.Length), 8);
    }

    [Fact]
    public void Sockaddr_ll()
    {
        AssertSize<Libc.LinkAddress>(20);
        AssertOffset<Libc.LinkAddress>(nameof(Libc.LinkAddress.Protocol), 2);
        AssertOffset<Libc.LinkAddress>(nameof(Libc.LinkAddress.InterfaceIndex), 4);
        AssertOffset<Libc.LinkAddress>(nameof(Libc.LinkAddress.HardwareType), 8);
        AssertOffset<Libc.LinkAddress>(nameof(Libc.LinkAddress.PacketType), 10);
        AssertOffset<Libc.LinkAddress>(nameof(Libc.LinkAddress.AddressLength), 11);
        AssertOffset<Libc.LinkAddress>(nameof(Libc.LinkAddress.Address), 12);
    }

    [Fact]
    public void Pollfd()
    {
        AssertSize<Libc.PollDescriptor>(8);
        AssertOffset<Libc.PollDescriptor>(nameof(Libc.PollDescriptor.Events), 4);
        AssertOffset<Libc.PollDescriptor>(nameof(Libc.PollDescriptor.Returned), 6);
    }

    [Fact]
    public void Pcap_stat()
    {
        AssertSize<Libpcap.Statistics>(12);
        AssertOffset<Libpcap.Statistics>(nameof(Libpcap.Statistics.Dropped), 4);
        AssertOffset<Libpcap.Statistics>(nameof(Libpcap.Statistics.DroppedByInterface), 8);
    }

    [Fact]
    public void Pcap_pkthdr()
    {
        AssertSize<Libpcap.PacketHeader>(24);
        AssertOffset<Libpcap.PacketHeader>(nameof(Libpcap.PacketHeader.Microseconds), 8);
        AssertOffset<Libpcap.PacketHeader>(nameof(Libpcap.PacketHeader.CapturedLength), 16);
        AssertOffset<Libpcap.PacketHeader>(nameof(Libpcap.PacketHeader.Length), 20);
    }

    [Fact]
    public void Ifreq()
    {
        AssertSize<TunLink.InterfaceRequest>(40);
        AssertOffset<TunLink.InterfaceRequest>(nameof(TunLink.InterfaceRequest.Flags), 16);
    }

    [Fact]
    public void Bpf_insn()
    {
        AssertSize<BpfInstruction>(8);
        AssertOffset<BpfInstruction>(nameof(BpfInstruction.Registers), 1);
        AssertOffset<BpfInstruction>(nameof(BpfInstruction.Offset), 2);
        AssertOffset<BpfInstruction>(nameof(BpfInstruction.Immediate), 4);
    }

    [Fact]
    public void Bpf_attr()
    {
        AssertSize<Bpf.MapAttributes>(20);
        AssertOffset<Bpf.ElementAttributes>(nameof(Bpf.ElementAttributes.Key), 8);
        AssertOffset<Bpf.ElementAttributes>(nameof(Bpf.ElementAttributes.Value), 16);
        AssertOffset<Bpf.ElementAttributes>(nameof(Bpf.ElementAttributes.Flags), 24);
        AssertOffset<Bpf.ProgramAttributes>(nameof(Bpf.ProgramAttributes.Instructions), 8);
        AssertOffset<Bpf.ProgramAttributes>(nameof(Bpf.ProgramAttributes.License), 16);
        AssertOffset<Bpf.ProgramAttributes>(nameof(Bpf.ProgramAttributes.LogLevel), 24);
        AssertOffset<Bpf.ProgramAttributes>(nameof(Bpf.ProgramAttributes.LogBytes), 28);
        AssertOffset<Bpf.ProgramAttributes>(nameof(Bpf.ProgramAttributes.Log), 32);
        AssertOffset<Bpf.ProgramAttributes>(nameof(Bpf.ProgramAttributes.KernelVersion), 40);
    }

    [Fact]
    public void A_frame_fits_half_a_cache_line() => AssertSize<Frame>(24);

    /// <summary>As <c>struct packet_mreq</c> of linux/if_packet.h.</summary>
    [Fact]
    public void A_membership_request_is_laid_out_as_in_the_kernel()
    {
        AssertSize<MacMembership.MembershipRequest>(16);
        Assert.Equal([0, 4, 6, 8], ((string[])["InterfaceIndex", "Type", "Length", "Address"]).Select(field => (int)Marshal.OffsetOf<MacMembership.MembershipRequest>(field)));
    }

    private static void AssertSize<T>(int bytes) => Assert.Equal(bytes, Unsafe.SizeOf<T>());

    private static void AssertOffset<T>(string field, int bytes) => Assert.Equal(bytes, (int)Marshal.OffsetOf<T>(field));
}
