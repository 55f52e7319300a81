"""The doors of the house: each provider's webhooks and senders, all seen through `channels.base`."""
