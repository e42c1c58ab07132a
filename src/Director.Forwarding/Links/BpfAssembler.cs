namespace Director.Forwarding.Links;

/// <summary>Registers of the BPF machine. R1 to R5 are lost in calls, R6 to R9 are not; R10 is the frame pointer.</summary>
internal enum BpfRegister : byte
{
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// <summary>Bytes that a load or store moves (BPF_SIZE).</summary>
internal enum BpfSize : byte
{
    Word = 0x00,
    Half = 0x08,
    Byte = 0x10,
}

/// <summary>Puts a BPF program together (kernel documentation, bpf/standardization/instruction-set.rst). Labels are names; jumps go forward.</summary>
internal sealed class BpfAssembler
{
    private const byte Load = 0x61, StoreImmediate = 0x62, Store = 0x63, LoadMap = 0x18, MapDescriptor = 1;
    private const byte Alu32 = 0x04, Alu64 = 0x07, FromRegister = 0x08;
    private const byte Add = 0x00, Multiply = 0x20, And = 0x50, ShiftLeft = 0x60, ShiftRight = 0x70, ExclusiveOr = 0xa0, Set = 0xb0, ToBigEndian = 0xd8;
    private const byte Always = 0x05, IfEqual = 0x15, IfNotEqual = 0x55, CallCode = 0x85, ExitCode = 0x95;

    private readonly List<BpfInstruction> _instructions = [];
    private readonly List<(int Jump, string Label)> _jumps = [];
    private readonly Dictionary<string, int> _labels = [];

    public void Label(string name) => _labels.Add(name, _instructions.Count);

    public void LoadFrom(BpfRegister to, BpfSize size, BpfRegister pointer, int offset) => Emit(Load | (int)size, to, pointer, offset);

    public void StoreTo(BpfRegister pointer, int offset, BpfRegister from) => Emit(Store, pointer, from, offset);

    public void StoreValue(BpfRegister pointer, int offset, int value) => Emit(StoreImmediate, pointer, BpfRegister.R0, offset, value);

    public void MoveRegister(BpfRegister to, BpfRegister from) => Emit(Alu64 | Set | FromRegister, to, from);

    public void MoveValue(BpfRegister to, int value) => Emit(Alu64 | Set, to, immediate: value);

    public void AddValue(BpfRegister to, int value) => Emit(Alu64 | Add, to, immediate: value);

    public void AddRegister(BpfRegister to, BpfRegister from) => Emit(Alu64 | Add | FromRegister, to, from);

    public void AndValue(BpfRegister to, int value) => Emit(Alu64 | And, to, immediate: value);

    public void ShiftLeftBy(BpfRegister to, int bits) => Emit(Alu64 | ShiftLeft, to, immediate: bits);

    /// <summary>On the low 32 bits, as the next three; the upper become zero.</summary>
    public void MoveRegister32(BpfRegister to, BpfRegister from) => Emit(Alu32 | Set | FromRegister, to, from);

    public void Multiply32(BpfRegister to, int value) => Emit(Alu32 | Multiply, to, immediate: value);

    public void ExclusiveOr32(BpfRegister to, BpfRegister from) => Emit(Alu32 | ExclusiveOr | FromRegister, to, from);

    public void ShiftRight32(BpfRegister to, int bits) => Emit(Alu32 | ShiftRight, to, immediate: bits);

    /// <summary>From network order to the machine's; 16 or 32 bits.</summary>
    public void SwapFromNetwork(BpfRegister register, int bits) => Emit(Alu32 | ToBigEndian, register, immediate: bits);

    /// <summary>A map's address; two instructions long.</summary>
    public void LoadMapAddress(BpfRegister to, int descriptor)
    {
        Emit(LoadMap, to, (BpfRegister)MapDescriptor, immediate: descriptor);
        Emit(0, BpfRegister.R0);
    }

    public void Jump(string label) => EmitJump(Always, BpfRegister.R0, 0, label);

    public void JumpIfEqual(BpfRegister register, int value, string label) => EmitJump(IfEqual, register, value, label);

    public void JumpIfNotEqual(BpfRegister register, int value, string label) => EmitJump(IfNotEqual, register, value, label);

    public void Call(int helper) => Emit(CallCode, BpfRegister.R0, immediate: helper);

    public void Exit() => Emit(ExitCode, BpfRegister.R0);

    /// <summary>The program, its jumps filled in.</summary>
    public BpfInstruction[] Assemble()
    {
        var program = _instructions.ToArray();
        foreach (var (jump, label) in _jumps)
        {
            program[jump].Offset = (short)(_labels[label] - jump - 1);
        }

        return program;
    }

    private void EmitJump(int code, BpfRegister register, int value, string label)
    {
        _jumps.Add((_instructions.Count, label));
        Emit(code, register, immediate: value);
    }

    private void Emit(int code, BpfRegister to, BpfRegister from = BpfRegister.R0, int offset = 0, int immediate = 0) => _instructions.Add(new BpfInstruction
    {
        Code = (byte)code,
        Registers = (byte)((int)to | ((int)from << 4)),
        Offset = (short)offset,
        Immediate = immediate,
    });
}
