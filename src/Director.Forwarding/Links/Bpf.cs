using System.Runtime.InteropServices;
using System.Text;

namespace Director.Forwarding.Links;

/// <summary>bpf(2).</summary>
internal static unsafe partial class Bpf
{
    private const int MapCreate = 0, MapUpdate = 2, MapDelete = 3, ProgramLoad = 5;
    private const uint LongestPrefixTrie = 11, SocketFilter = 1;
    private const uint NoPreallocation = 1;
    private const int LogBytes = 64 * 1024;

    private static nint CallNumber => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 321 : 280;

    /// <summary>Makes a map from prefixes to anything: a key is the prefix's length in bits (uint) and an address.</summary>
    /// <returns>Its descriptor; negative with errno.</returns>
    public static int CreatePrefixMap(int addressBytes, int capacity)
    {
        var attributes = new MapAttributes
        {
            Type = LongestPrefixTrie,
            KeyBytes = (uint)(sizeof(uint) + addressBytes),
            ValueBytes = sizeof(uint),
            Capacity = (uint)capacity,
            Flags = NoPreallocation,
        };
        return (int)syscall(CallNumber, MapCreate, &attributes, (nuint)sizeof(MapAttributes));
    }

    /// <summary>Sets an element of a map.</summary>
    /// <returns>Whether the kernel took it.</returns>
    public static bool TryUpdate(int map, ReadOnlySpan<byte> key, uint value)
    {
        fixed (byte* bytes = key)
        {
            var attributes = new ElementAttributes { Map = (uint)map, Key = (ulong)bytes, Value = (ulong)&value };
            return syscall(CallNumber, MapUpdate, &attributes, (nuint)sizeof(ElementAttributes)) == 0;
        }
    }

    /// <summary>Removes an element of a map.</summary>
    /// <returns>Whether it was there.</returns>
    public static bool TryDelete(int map, ReadOnlySpan<byte> key)
    {
        fixed (byte* bytes = key)
        {
            var attributes = new ElementAttributes { Map = (uint)map, Key = (ulong)bytes };
            return syscall(CallNumber, MapDelete, &attributes, (nuint)sizeof(ElementAttributes)) == 0;
        }
    }

    /// <summary>Loads a socket filter.</summary>
    /// <param name="program">Its instructions.</param>
    /// <param name="problem">What the kernel's verifier says when it refuses.</param>
    /// <returns>Its descriptor; negative with errno.</returns>
    public static int LoadSocketFilter(ReadOnlySpan<BpfInstruction> program, out string problem)
    {
        problem = "";
        fixed (BpfInstruction* instructions = program)
        fixed (byte* license = "GPL\0"u8)
        {
            var attributes = new ProgramAttributes
            {
                Type = SocketFilter,
                InstructionCount = (uint)program.Length,
                Instructions = (ulong)instructions,
                License = (ulong)license,
            };
            var descriptor = (int)syscall(CallNumber, ProgramLoad, &attributes, (nuint)sizeof(ProgramAttributes));
            if (descriptor >= 0)
            {
                return descriptor;
            }

            problem = Libc.ErrorText;
            if (Libc.Error != Libc.NotPermitted)
            {
                var log = new byte[LogBytes];
                fixed (byte* text = log)
                {
                    attributes.LogLevel = 1;
                    attributes.LogBytes = LogBytes;
                    attributes.Log = (ulong)text;
                    descriptor = (int)syscall(CallNumber, ProgramLoad, &attributes, (nuint)sizeof(ProgramAttributes));
                    problem += ": " + Encoding.UTF8.GetString(log).TrimEnd('\0', '\n');
                }
            }

            return descriptor;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, int command, void* attributes, nuint length);

    /// <summary>The BPF_MAP_CREATE part of <c>union bpf_attr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MapAttributes
    {
        public uint Type;
        public uint KeyBytes;
        public uint ValueBytes;
        public uint Capacity;
        public uint Flags;
    }

    /// <summary>The BPF_MAP_*_ELEM part of <c>union bpf_attr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ElementAttributes
    {
        public uint Map;
        public ulong Key;
        public ulong Value;
        public ulong Flags;
    }

    /// <summary>The BPF_PROG_LOAD part of <c>union bpf_attr</c>, as far as it was in Linux 4.1.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ProgramAttributes
    {
        public uint Type;
        public uint InstructionCount;
        public ulong Instructions;
        public ulong License;
        public uint LogLevel;
        public uint LogBytes;
        public ulong Log;
        public uint KernelVersion;
    }
}

/// <summary><c>struct bpf_insn</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BpfInstruction
{
    public byte Code;

    /// <summary>Destination in the low four bits, source in the high.</summary>
    public byte Registers;

    public short Offset;
    public int Immediate;
}
