namespace SharpPcap;

public enum PcapError
{
    PlatformNotSupported = -2146233031,
    TimestampPrecisionNotSupported = -12,
    PromiscuousPermissionDenied = -11,
    TimestampTypeNotSupported = -10,
    InterfaceNotUp = -9,
    PermissionDenied = -8,
    NotRfmon = -7,
    RfmonNotSupported = -6,
    NoSuchDevice = -5,
    Activated = -4,
    NotActivated = -3,
    Break = -2,
    Generic = -1,
}

public class PcapException : Exception
{
    internal PcapException(string message, PcapError error = PcapError.Generic)
        : base(message) => Error = error;

    public PcapError Error { get; }
}

public class DeviceNotReadyException : PcapException
{
    internal DeviceNotReadyException(string message)
        : base(message)
    {
    }
}
