using System.Buffers.Binary;
using static Director.Forwarding.Links.BpfRegister;

namespace Director.Forwarding.Links;

/// <summary>The instructions of <see cref="SteeringProgram"/>: <see cref="Steering.WorkerOf"/> for the BPF machine. R6 holds the context, R7 the hash, R9 where the client's port is.</summary>
internal static class SteeringCode
{
    private const int ProtocolInContext = 16; // struct __sk_buff
    private const int LookUpElement = 1, LoadBytesRelative = 68, FromNetworkHeader = 1;
    private const int Header = -40, Key = -64, Port = -72; // on the stack
    private const int Tcp = 6, Udp = 17;

    private const string IPv4 = nameof(IPv4), IPv6 = nameof(IPv6), First = nameof(First);
    private const string LoadPort = nameof(LoadPort), WithoutPort = nameof(WithoutPort), Choose = nameof(Choose);

    /// <summary>The program.</summary>
    /// <param name="workers">Number of workers.</param>
    /// <param name="ipv4Map">Descriptor of the map of virtual IPv4 prefixes.</param>
    /// <param name="ipv6Map">Descriptor of the map of virtual IPv6 prefixes.</param>
    public static BpfInstruction[] Assemble(int workers, int ipv4Map, int ipv6Map)
    {
        var code = new BpfAssembler();
        code.MoveRegister(R6, R1);
        code.MoveValue(R7, 0);
        code.LoadFrom(R1, BpfSize.Word, R6, ProtocolInContext);
        code.JumpIfEqual(R1, InNetworkOrder(0x0800), IPv4);
        code.JumpIfEqual(R1, InNetworkOrder(0x86dd), IPv6);
        code.Jump(First);

        code.Label(IPv4);
        LoadHeader(code, length: 20);
        HashClient(code, ipv4Map, source: 12, destination: 16, bytes: 4);
        code.LoadFrom(R1, BpfSize.Half, R10, Header + 6);
        code.AndValue(R1, InNetworkOrder(0x3fff)); // more fragments, or an offset
        code.JumpIfNotEqual(R1, 0, WithoutPort);
        code.LoadFrom(R1, BpfSize.Byte, R10, Header);
        code.AndValue(R1, 0x0f);
        code.ShiftLeftBy(R1, 2);
        code.AddRegister(R9, R1);
        LoadPortOf(code, protocol: 9);

        code.Label(IPv6);
        LoadHeader(code, length: 40);
        HashClient(code, ipv6Map, source: 8, destination: 24, bytes: 16);
        code.AddValue(R9, 40);
        LoadPortOf(code, protocol: 6);

        code.Label(LoadPort);
        code.MoveRegister(R2, R9);
        LoadBytes(code, Port, length: 2);
        code.JumpIfNotEqual(R0, 0, WithoutPort);
        code.LoadFrom(R1, BpfSize.Half, R10, Port);
        code.SwapFromNetwork(R1, 16);
        code.Jump(Choose);

        code.Label(WithoutPort);
        code.MoveValue(R1, 0);

        code.Label(Choose);
        Step(code);
        code.MoveRegister32(R0, R7);
        code.ShiftRight32(R0, 16);
        code.Multiply32(R0, workers);
        code.ShiftRight32(R0, 16);
        code.Exit();

        // ARP and the like, and what is cut off within the IP header.
        code.Label(First);
        code.MoveValue(R0, 0);
        code.Exit();
        return code.Assemble();
    }

    private static int InNetworkOrder(ushort value) => BinaryPrimitives.ReverseEndianness(value);

    private static void LoadHeader(BpfAssembler code, int length)
    {
        code.MoveValue(R2, 0);
        LoadBytes(code, Header, length);
        code.JumpIfNotEqual(R0, 0, First);
    }

    // From the offset in R2 from the network header, to the stack; R0 is 0 when there are as many.
    private static void LoadBytes(BpfAssembler code, int to, int length)
    {
        code.MoveRegister(R1, R6);
        code.MoveRegister(R3, R10);
        code.AddValue(R3, to);
        code.MoveValue(R4, length);
        code.MoveValue(R5, FromNetworkHeader);
        code.Call(LoadBytesRelative);
    }

    // Hashes the source if the destination is virtual, else the destination; R9 becomes the offset of the client's port in the transport header.
    private static void HashClient(BpfAssembler code, int map, int source, int destination, int bytes)
    {
        var (toVirtual, hashed) = ("ToVirtual" + bytes, "Hashed" + bytes);
        code.StoreValue(R10, Key, bytes * 8);
        for (var i = 0; i < bytes; i += sizeof(uint))
        {
            code.LoadFrom(R1, BpfSize.Word, R10, Header + destination + i);
            code.StoreTo(R10, Key + sizeof(uint) + i, R1);
        }

        code.LoadMapAddress(R1, map);
        code.MoveRegister(R2, R10);
        code.AddValue(R2, Key);
        code.Call(LookUpElement);
        code.JumpIfNotEqual(R0, 0, toVirtual);
        MixWords(code, Header + destination, bytes);
        code.MoveValue(R9, 2);
        code.Jump(hashed);
        code.Label(toVirtual);
        MixWords(code, Header + source, bytes);
        code.MoveValue(R9, 0);
        code.Label(hashed);
    }

    private static void LoadPortOf(BpfAssembler code, int protocol)
    {
        code.LoadFrom(R1, BpfSize.Byte, R10, Header + protocol);
        code.JumpIfEqual(R1, Tcp, LoadPort);
        code.JumpIfEqual(R1, Udp, LoadPort);
        code.Jump(WithoutPort);
    }

    private static void MixWords(BpfAssembler code, int address, int bytes)
    {
        for (var i = 0; i < bytes; i += sizeof(uint))
        {
            code.LoadFrom(R1, BpfSize.Word, R10, address + i);
            code.SwapFromNetwork(R1, 32);
            Step(code);
        }
    }

    // R7 = Steering.Step(R7 ^ R1)
    private static void Step(BpfAssembler code)
    {
        code.ExclusiveOr32(R7, R1);
        code.Multiply32(R7, unchecked((int)Steering.Multiplier));
        code.MoveRegister32(R1, R7);
        code.ShiftRight32(R1, Steering.FoldShift);
        code.ExclusiveOr32(R7, R1);
    }
}
