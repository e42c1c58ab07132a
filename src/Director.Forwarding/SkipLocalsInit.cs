// The packet path's methods have many locals that are written before they are read: clearing them first costs more than some of the work.
[module: System.Runtime.CompilerServices.SkipLocalsInit]
