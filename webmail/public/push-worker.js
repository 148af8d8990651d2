// Shows what is pushed, and opens the webmail when somebody taps on it. It keeps nothing and fetches nothing.
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()))
self.addEventListener('push', event => {
  let news = {}
  try {
    news = event.data?.json() ?? {}
  } catch {
    // Nothing of ours.
  }
  const { title = 'Restante', body = '', tag, url } = news
  event.waitUntil(self.registration.showNotification(title, { body, tag, data: { url }, icon: '/icon.svg' }))
})
self.addEventListener('notificationclick', event => {
  event.notification.close()
  const place = new URL(event.notification.data?.url ?? '/', self.location.origin)
  const path = place.origin === self.location.origin ? place.href : self.location.origin
  event.waitUntil(self.clients.openWindow(path))
})
