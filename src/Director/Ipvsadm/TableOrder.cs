using System.Buffers.Binary;
using System.Net;
using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>
/// The order of services and real servers in lists. ipvsadm compares addresses by the sign of a 32-bit difference, so that 10.0.0.1 comes after 192.168.0.1; since that is no
/// proper order, the way of sorting matters too, and is that of glibc's qsort, a merge sort.
/// </summary>
internal static class TableOrder
{
    /// <summary>Services by mark, family, protocol, address and port.</summary>
    public static VirtualServiceReport[] Sort(IEnumerable<VirtualServiceReport> services) => Sort(services.ToArray(), static (one, other) => Compare(one.Spec.Key, other.Spec.Key));

    /// <summary>Real servers by address and port.</summary>
    public static RealServerReport[] Sort(IEnumerable<RealServerReport> servers) =>
        Sort(servers.ToArray(), static (one, other) => Compare(one.Spec.Address, one.Spec.Port, other.Spec.Address, other.Spec.Port));

    private static int Compare(ServiceKey one, ServiceKey other)
    {
        int difference = unchecked((int)(one.Mark - other.Mark));
        if (difference == 0)
            difference = one.IsIPv6.CompareTo(other.IsIPv6);
        if (difference == 0 && one.Address is not null && other.Address is not null)
        {
            difference = (int)one.Protocol - (int)other.Protocol;
            if (difference == 0)
                difference = Compare(one.Address, one.Port, other.Address, other.Port);
        }

        return difference;
    }

    private static int Compare(IPAddress one, int onePort, IPAddress other, int otherPort)
    {
        Span<byte> left = stackalloc byte[16];
        Span<byte> right = stackalloc byte[16];
        left.Clear();
        right.Clear();
        one.TryWriteBytes(left, out int length);
        other.TryWriteBytes(right, out _);
        for (int at = 0; at < length; at += sizeof(uint))
        {
            int difference = unchecked((int)(BinaryPrimitives.ReadUInt32BigEndian(left[at..]) - BinaryPrimitives.ReadUInt32BigEndian(right[at..])));
            if (difference != 0)
                return difference;
        }

        return onePort - otherPort;
    }

    private static T[] Sort<T>(T[] items, Comparison<T> compare)
    {
        if (items.Length <= 1)
            return items;
        T[] left = Sort(items[..(items.Length / 2)], compare);
        T[] right = Sort(items[(items.Length / 2)..], compare);
        int leftNext = 0;
        int rightNext = 0;
        for (int to = 0; to < items.Length; to++)
        {
            bool fromLeft = rightNext == right.Length || (leftNext < left.Length && compare(left[leftNext], right[rightNext]) <= 0);
            items[to] = fromLeft ? left[leftNext++] : right[rightNext++];
        }

        return items;
    }
}
