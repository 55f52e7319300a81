"""Every sentence a person or a model reads, as data, and the few functions that hand it out."""
