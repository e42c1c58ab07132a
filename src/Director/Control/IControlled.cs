namespace Director.Control;

/// <summary>What answers local commands: the running director.</summary>
internal interface IControlled
{
    /// <summary>Does what is asked. Called by many clients at once.</summary>
    Task<ControlResponse> Handle(ControlRequest request, CancellationToken cancellation);
}
