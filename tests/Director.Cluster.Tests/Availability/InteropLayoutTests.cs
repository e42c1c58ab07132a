using System.Runtime.InteropServices;
using Director.Cluster.Availability;
using Xunit;

namespace Director.Cluster.Tests.Availability;

/// <summary>Structures as the kernel has them.</summary>
public sealed class InteropLayoutTests
{
    [Fact]
    public void Structures_have_the_kernel_s_sizes_and_offsets()
    {
        // struct sockaddr_ll, struct packet_mreq (if_packet.h), struct pollfd (poll.h)
        Assert.Equal((20, 4, 10, 12), (Marshal.SizeOf<SystemCalls.LinkAddress>(), Offset<SystemCalls.LinkAddress>("InterfaceIndex"), Offset<SystemCalls.LinkAddress>("PacketType"), Offset<SystemCalls.LinkAddress>("Address")));
        Assert.Equal((16, 4, 6, 8), (Marshal.SizeOf<SystemCalls.PacketMembership>(), Offset<SystemCalls.PacketMembership>("Type"), Offset<SystemCalls.PacketMembership>("AddressLength"), Offset<SystemCalls.PacketMembership>("Address")));
        // struct sock_filter, struct sock_fprog (linux/filter.h), struct ifreq (linux/if.h)
        Assert.Equal((8, 2, 3, 4), (Marshal.SizeOf<SystemCalls.FilterInstruction>(), Offset<SystemCalls.FilterInstruction>("IfTrue"), Offset<SystemCalls.FilterInstruction>("IfFalse"), Offset<SystemCalls.FilterInstruction>("Value")));
        Assert.Equal((16, 8), (Marshal.SizeOf<SystemCalls.FilterProgram>(), Offset<SystemCalls.FilterProgram>("Instructions")));
        Assert.Equal((40, 16), (Marshal.SizeOf<SystemCalls.InterfaceRequest>(), Offset<SystemCalls.InterfaceRequest>("Value")));
        Assert.Equal((8, 4, 6), (Marshal.SizeOf<SystemCalls.PollDescriptor>(), Offset<SystemCalls.PollDescriptor>("Events"), Offset<SystemCalls.PollDescriptor>("Returned")));
    }

    private static int Offset<T>(string field) => (int)Marshal.OffsetOf<T>(field);
}
